/**
 * A read-only view of the database of the local store: faster than asking the daemon, and possible for any user.
 *
 * Nix keeps it in WAL mode. Without write access to its folder it can be read only while somebody who has it keeps the
 * `-wal` and `-shm` files there; an idle Nix before 2.22 removes them. Two modes of reading, therefore:
 *
 * - shared: the ordinary one, which sees every commit.
 * - immutable: while there is no `-wal`, the file alone is the database and nobody writes to it. That is checked before
 *   and after each question; once it is not so any more the database is opened anew.
 *
 * Errors that a writer at work can cause for a moment are tried again. Nothing is ever written, and no transaction
 * stays open, for that would keep the `-wal` from being emptied. Source: libstore/schema.sql, local-store.cc,
 * sqlite.cc.
 */

import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { isStorePath, type StorePath, storeDir } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { pathInfoOfRow } from './path-info-of-row.ts';
import { type Realisation, readBuildTrace, readRealisation } from './read-realisation.ts';
import { referencesFirst } from './references-first.ts';
import type { PathInfo, Store, TempRootLease } from './store.ts';

export interface StoreDatabaseOptions {
  /** A store with a daemon, one connection of which is held: its daemon keeps the `-wal` there for us. */
  readonly keepOpenBy?: Pick<Store, 'leaseTempRoots'> | undefined;
  /** How long a question is tried again; default 5 s. */
  readonly patienceMs?: number | undefined;
}

/** A path with its number: later registrations have higher ones. */
export interface NumberedPath {
  readonly id: number;
  /** Undefined for rows of ancient Nix versions without a hash or size. */
  readonly info: PathInfo | undefined;
}

/** BUSY, and what readers can meet while a writer commits, recovers or removes the `-wal` under them. */
const passing = new Set([5, 261, 264, 517, 520, 1288]);
/** READONLY_DIRECTORY: the `-shm` file is missing and cannot be made. */
const readOnlyFolder = 1544;

const columns = `v.id, v.path, v.hash, v.registrationTime, v.deriver, v.narSize, v.ultimate, v.sigs, v.ca,
  (select group_concat(r.path, ' ') from Refs f join ValidPaths r on f.reference = r.id where f.referrer = v.id) refs`;

/**
 * Opens the view. Throws `store.database` when there is no such database, or it cannot be read.
 */
export async function openStoreDatabase(
  path = '/nix/var/nix/db/db.sqlite',
  options: StoreDatabaseOptions = {},
): Promise<StoreDatabase> {
  const lease = await options.keepOpenBy?.leaseTempRoots([]);
  const database = new StoreDatabase(path, options.patienceMs ?? 5000, lease);
  try {
    database.dataVersion();
  } catch (error) {
    database[Symbol.dispose]();
    throw error;
  }
  return database;
}

type Opened = ReturnType<typeof openFile> & {
  /** What the file looked like when it was opened as immutable. */
  readonly stamp: string | undefined;
};

/** Calls are synchronous; each throws `store.database` when the database cannot be read. */
export class StoreDatabase implements Disposable {
  readonly #path: string;
  readonly #patienceMs: number;
  readonly #lease: TempRootLease | undefined;
  #opened: Opened | undefined;
  #generation = 0;

  constructor(path: string, patienceMs: number, lease: TempRootLease | undefined) {
    this.#path = path;
    this.#patienceMs = patienceMs;
    this.#lease = lease;
  }

  /** The path whose hash is these 32 characters of nix32; undefined when there is none, or its row is not complete. */
  lookupHashPart(hashPart: string): PathInfo | undefined {
    if (!/^[0-9a-z]{32}$/.test(hashPart)) return undefined;
    const prefix = `${storeDir}/${hashPart}-`;
    const row = this.#ask((opened) => opened.first.get(prefix));
    return typeof row?.path === 'string' && row.path.startsWith(prefix) ? pathInfoOfRow(row) : undefined;
  }

  lookupPath(path: StorePath): PathInfo | undefined {
    const row = this.#ask((opened) => opened.exact.get(path));
    return row === undefined ? undefined : pathInfoOfRow(row);
  }

  /** A derivation that has this output, the newest when there are several; the output need not be there. */
  deriverOf(output: StorePath): StorePath | undefined {
    const row = this.#ask((opened) => opened.deriver.get(output));
    return typeof row?.path === 'string' && isStorePath(row.path) ? row.path : undefined;
  }

  /** What an output of a content-addressed derivation became, by the derivation's hash modulo inputs. */
  realisation(drvHash: string, output: string): Realisation | undefined {
    return this.#ask(({ database }) => readRealisation(database, drvHash, output));
  }

  /** The same by the base name of the derivation, where Nix is newer than 2.34. */
  buildTrace(drvName: string, output: string): Realisation | undefined {
    return this.#ask(({ database }) => readBuildTrace(database, drvName, output));
  }

  /** Those of the paths that are valid. */
  validPaths(paths: readonly StorePath[]): Set<StorePath> {
    return this.#ask((opened) => new Set(paths.filter((path) => opened.valid.get(path) !== undefined)));
  }

  /**
   * The outputs by name of those derivations whose outputs are all valid. Left out are also those with an output that
   * is content-addressed: of these the database may not know all.
   */
  validOutputs(drvPaths: readonly StorePath[]): Map<StorePath, Map<string, StorePath>> {
    return this.#ask((opened) => {
      const found = new Map<StorePath, Map<string, StorePath>>();
      for (const drvPath of drvPaths) {
        const rows = opened.outputs.all(drvPath);
        const outputs = new Map<string, StorePath>();
        for (const { id, path, isPlain } of rows) {
          if (isPlain === 1 && typeof id === 'string' && typeof path === 'string' && isStorePath(path)) {
            outputs.set(id, path);
          }
        }
        if (rows.length > 0 && outputs.size === rows.length) found.set(drvPath, outputs);
      }
      return found;
    });
  }

  /** Another number whenever anything in the database may have changed. */
  dataVersion(): number {
    const row = this.#ask((opened) => opened.version.get());
    // SQLite counts per connection; each one opened gets numbers of its own.
    return this.#generation * 2 ** 32 + Number(row?.data_version);
  }

  /** Up to `limit` paths registered after the one with this number, in order; 0 for all. */
  pathsAfter(id: number, limit: number): NumberedPath[] {
    const rows = this.#ask((opened) => opened.after.all(id, limit));
    return rows.map((row) => ({ id: Number(row.id), info: pathInfoOfRow(row) }));
  }

  /** The hash parts of up to `limit` paths registered after the one with this number, and the last one's number. */
  hashPartsAfter(
    id: number,
    limit: number,
  ): { readonly lastId: number; readonly hashParts: readonly string[] } {
    const rows = this.#ask((opened) => opened.pathsAfter.all(id, limit));
    const start = storeDir.length + 1;
    return {
      lastId: Number(rows.at(-1)?.id ?? id),
      hashParts: rows.map((row) => String(row.path).slice(start, start + 32)),
    };
  }

  /** The number of the path registered last; 0 when there is none. */
  newestId(): number {
    return Number(this.#ask((opened) => opened.newest.get())?.id ?? 0);
  }

  /** The path with all it refers to, references first. Throws `store.path-missing` when some of it is not valid. */
  closure(path: StorePath): PathInfo[] {
    return this.#ask((opened) => {
      opened.database.exec('begin');
      try {
        const closure = new Map<StorePath, PathInfo>();
        const wanted: StorePath[] = [path];
        for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
          if (closure.has(next)) continue;
          const row = opened.exact.get(next);
          const info = row === undefined ? undefined : pathInfoOfRow(row);
          if (info === undefined)
            throw new AppError('store.path-missing', `${next} is not valid in the local store`);
          closure.set(next, info);
          wanted.push(...info.references);
        }
        return referencesFirst(closure.values());
      } finally {
        opened.database.exec('rollback');
      }
    });
  }

  [Symbol.dispose](): void {
    this.#close();
    // Nothing is lost when the daemon learns of it a moment later.
    void this.#lease?.[Symbol.asyncDispose]();
  }

  #ask<T>(question: (opened: Opened) => T): T {
    const deadline = performance.now() + this.#patienceMs;
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
      try {
        const opened = this.#open();
        const answer = question(opened);
        if (this.#stillFits(opened)) return answer;
      } catch (error) {
        const code = sqliteCode(error);
        if (code === undefined) throw error;
        if (!passing.has(code) && code !== readOnlyFolder) throw this.#unreadable(error);
        if (performance.now() > deadline) throw this.#unreadable(error);
        this.#close();
      }
      // Rare and short: waiting here spares every caller from being asynchronous.
      Atomics.wait(pauseCell, 0, 0, pauseMs);
    }
  }

  #open(): Opened {
    if (this.#opened !== undefined && this.#stillFits(this.#opened)) return this.#opened;
    this.#close();
    if (!existsSync(this.#path)) throw this.#unreadable(new Error('there is no such file'));
    this.#generation += 1;
    try {
      this.#opened = { ...openFile(this.#path), stamp: undefined };
    } catch (error) {
      const stamp = this.#stamp();
      if (sqliteCode(error) !== readOnlyFolder || stamp === undefined) throw error;
      this.#opened = { ...openFile(`${pathToFileURL(this.#path).href}?immutable=1`), stamp };
    }
    return this.#opened;
  }

  #stillFits(opened: Opened): boolean {
    return opened.stamp === undefined || opened.stamp === this.#stamp();
  }

  /** What tells that the file has been written to; undefined while there is a `-wal`, so that it is not all. */
  #stamp(): string | undefined {
    if (existsSync(`${this.#path}-wal`)) return undefined;
    const { ino, size, mtimeNs } = statSync(this.#path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  }

  #close(): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  #unreadable(cause: unknown): AppError {
    return new AppError('store.database', `cannot read ${this.#path}: ${errorMessage(cause)}`, { cause });
  }
}

/** Memory for pages of the file: with SQLite's own 2 MiB, every other question about a large store reads from disk. */
const cacheKiB = 65_536;

const pauseCell = new Int32Array(new SharedArrayBuffer(4));

function openFile(location: string) {
  const database = new DatabaseSync(location, { readOnly: true, timeout: 1000 });
  try {
    database.exec(`pragma cache_size = -${cacheKiB}`);
    return {
      database,
      version: database.prepare('pragma data_version'),
      first: database.prepare(
        `select ${columns} from ValidPaths v where v.path >= ? order by v.path limit 1`,
      ),
      exact: database.prepare(`select ${columns} from ValidPaths v where v.path = ?`),
      newest: database.prepare('select max(id) id from ValidPaths'),
      pathsAfter: database.prepare('select id, path from ValidPaths where id > ? order by id limit ?'),
      deriver: database.prepare(
        `select v.path from DerivationOutputs o join ValidPaths v on o.drv = v.id where o.path = ?
         order by v.id desc limit 1`,
      ),
      valid: database.prepare('select 1 from ValidPaths where path = ?'),
      // The ca column is null for input-addressed paths.
      outputs: database.prepare(
        `select o.id, o.path, v.id is not null and ifnull(v.ca, '') = '' isPlain
         from ValidPaths d join DerivationOutputs o on o.drv = d.id left join ValidPaths v on v.path = o.path
         where d.path = ?`,
      ),
      after: database.prepare(`select ${columns} from ValidPaths v where v.id > ? order by v.id limit ?`),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite's extended error code; undefined for errors that are not its. */
function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode
    : undefined;
}
