/**
 * One server for each database: two would both run every build and end each other's steps. Commands that only work on
 * rows need no claim.
 *
 * An SQLite file is claimed by a lock beside it, `FILE.lock`; `FILE.server` says who has it. A PostgreSQL database is
 * claimed by an advisory lock on a connection of its own, whose name says who has it: PostgreSQL gives it up with the
 * connection. So a connection that breaks is made again, and the claim with it; when another server has it by then,
 * that is told once, and the loser must end.
 */

import { readFile, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { lockFile } from '../util/lock-file.ts';
import { parseDatabaseUrl } from './connect.ts';
import { postgresError } from './database-error.ts';
import { withoutPassword } from './postgres-driver.ts';

/** Any two fixed numbers do: they name the lock among the advisory locks of a PostgreSQL database. */
const lockKey = [1_886_547_815, 1] as const;
/** What PostgreSQL keeps of a connection's name. */
const maxNameLength = 63;
/** A connection whose other end is gone without a word is found out by asking over it. */
const beatMs = 20_000;
/** How long PostgreSQL may take to miss the connection of a server that was just killed. */
const patience = { attempts: 50, everyMs: 100 } as const;

export interface ClaimOptions {
  /** Who claims it, for the one who is refused: machine and data directory. */
  readonly owner: string;
  /** Tells this claim from every other one. */
  readonly id: string;
  /** The claim is lost for good: called once, with what to say. */
  readonly onLost: (error: AppError) => void;
  /** Milliseconds between attempts while PostgreSQL is away; default 1000. */
  readonly retryMs?: number;
}

/** Held until disposed. Throws `db.claimed` when another server has it, and `db.unreachable`. */
export async function claimDatabase(url: string, options: ClaimOptions): Promise<AsyncDisposable> {
  const target = parseDatabaseUrl(url);
  return target.dialect === 'sqlite' ? claimFile(target.file, options) : claimPostgres(target.url, options);
}

function claimed(what: string, owner: string): AppError {
  const who = owner === '' ? 'another server' : owner;
  return new AppError('db.claimed', `the database ${what} is in use by ${who}`);
}

async function claimFile(file: string, { owner }: ClaimOptions): Promise<AsyncDisposable> {
  // The same file under two names is one database.
  const real = await realpath(file).catch(async () => {
    const folder = await realpath(path.dirname(file)).catch(() => path.dirname(file));
    return path.join(folder, path.basename(file));
  });
  const note = `${real}.server`;
  let lock: Disposable | undefined;
  try {
    lock = lockFile(`${real}.lock`);
  } catch (cause) {
    throw new AppError('db.unreachable', `cannot use ${real}.lock as a lock: ${errorMessage(cause)}`, {
      cause,
      hint: 'Look at the folder it lies in: whether it exists, whom it belongs to, and how full the disk is.',
    });
  }
  if (lock === undefined) throw claimed(real, await readFile(note, 'utf8').catch(() => ''));
  const held = lock;
  // Only for whoever is refused; without it the lock holds all the same.
  await writeFile(note, owner, { mode: 0o600 }).catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      await rm(note, { force: true });
      held[Symbol.dispose]();
    },
  };
}

/** What a connection that has the claim is called; what comes first survives the cut. */
const nameOf = ({ owner, id }: Pick<ClaimOptions, 'owner' | 'id'>): string =>
  `proteus ${id} ${owner}`.slice(0, maxNameLength);

async function claimPostgres(url: string, options: ClaimOptions): Promise<AsyncDisposable> {
  const { onLost, retryMs = 1000 } = options;
  const closing = new AbortController();
  const { signal } = closing;
  let client = await connectAndLock(url, options);
  const keep = async (): Promise<void> => {
    while (!signal.aborted) {
      await ended(client, signal);
      if (!signal.aborted) void client.end().catch(() => {});
      while (!signal.aborted) {
        try {
          client = await connectAndLock(url, options);
          break;
        } catch (error) {
          if (error instanceof AppError && error.code === 'db.claimed') {
            if (!signal.aborted) onLost(error);
            return;
          }
          await delay(retryMs, undefined, { signal }).catch(() => {});
        }
      }
    }
  };
  const keeping = keep();
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await keeping;
      await Promise.race([client.end().catch(() => {}), delay(2000, undefined, { ref: false })]);
    },
  };
}

/** Resolves when the connection is gone, or does not answer. */
async function ended(client: Client, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  client.once('end', resolve);
  signal.addEventListener('abort', () => resolve(), { once: true });
  const beat = setInterval(() => void client.query('select 1').catch(() => resolve()), beatMs);
  await promise;
  clearInterval(beat);
}

/** Throws `db.claimed` and `db.unreachable`. */
async function connectAndLock(url: string, options: ClaimOptions): Promise<Client> {
  const where = withoutPassword(url);
  const client = new Client({
    connectionString: url,
    application_name: nameOf(options),
    connectionTimeoutMillis: 15_000,
    query_timeout: beatMs,
    keepAlive: true,
  });
  // Without a listener a connection that breaks would end the process; `end` follows.
  client.on('error', () => {});
  try {
    await client.connect();
    // So that PostgreSQL notices within a minute that a machine is gone, and gives the lock up.
    await client.query(
      'set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3',
    );
    const holder = await lock(client, options);
    if (holder === undefined) return client;
    throw claimed(where, holder);
  } catch (error) {
    await client.end().catch(() => {});
    throw postgresError(error, where);
  }
}

/** Undefined when it is ours; else who has it. */
async function lock(client: Client, { id }: ClaimOptions): Promise<string | undefined> {
  for (let attempt = 0; ; attempt++) {
    const { rows } = await client.query<{ readonly got: boolean }>(
      'select pg_try_advisory_lock($1, $2) as got',
      [...lockKey],
    );
    if (rows[0]?.got === true) return undefined;
    const holders = await client.query<{ readonly pid: number; readonly name: string }>(
      `select l.pid, coalesce(a.application_name, '') as name
         from pg_locks l left join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.classid = $1 and l.objid = $2 and l.granted
          and l.database = (select oid from pg_database where datname = current_database())`,
      [...lockKey],
    );
    const [holder] = holders.rows;
    const ours = `proteus ${id} `;
    if (holder === undefined || holder.name.startsWith(ours)) {
      // Our own of before, which PostgreSQL has not missed yet; or whoever had it has just gone.
      if (holder !== undefined) await client.query('select pg_terminate_backend($1)', [holder.pid]);
      if (attempt < patience.attempts) {
        await delay(patience.everyMs);
        continue;
      }
    }
    return (holder?.name ?? '').replace(/^proteus \S+ /, '');
  }
}
