/**
 * A PostgreSQL cluster of our own, for tests and benchmarks: made anew, reached through a socket in its folder, and
 * gone when disposed. It runs as the user `postgres`, for it refuses root, and in an IPC namespace of its own, so that
 * even killed it leaves no shared memory.
 */

import { readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { runProcess } from '../../src/process/run-process.ts';
import { type Argv, type RunningProcess, startProcess } from '../../src/process/start-process.ts';

const debian = '/usr/lib/postgresql';

export class PostgresCluster implements AsyncDisposable {
  readonly #folder: string;
  readonly #settings: readonly string[];
  #server: RunningProcess | undefined;

  private constructor(folder: string, settings: readonly string[]) {
    this.#folder = folder;
    this.#settings = settings;
  }

  /** `settings` go to `postgres -c`. In the lab's `/nix`, which is in memory and vanishes with the lab. */
  static async create(settings: readonly string[] = ['fsync=off']): Promise<PostgresCluster> {
    if (process.env.PROTEUS_LAB !== '1') throw new Error('to be run by scripts/in-lab: it starts servers');
    const folder = await mkdtemp('/nix/var/postgres-');
    const cluster = new PostgresCluster(folder, settings);
    const { stdout } = await runProcess(['id', '-u', 'postgres']);
    await chown(folder, Number(stdout), -1);
    await runProcess(
      asPostgres('initdb', '-D', cluster.#data, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'),
    );
    await cluster.start();
    return cluster;
  }

  get #data(): string {
    return path.join(this.#folder, 'data');
  }

  /** The address of a database. */
  url(database: string): string {
    return `postgres://postgres@/${database}?host=${this.#folder}`;
  }

  async start(): Promise<void> {
    const settings = [
      'listen_addresses=',
      'dynamic_shared_memory_type=mmap',
      'max_connections=200',
      ...this.#settings,
    ];
    const server = await startProcess(
      asPostgres(
        'postgres',
        '-D',
        this.#data,
        '-k',
        this.#folder,
        ...settings.flatMap((setting) => ['-c', setting]),
      ),
    );
    this.#server = server;
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      server.stderr.on('data', (chunk: Buffer) => {
        said.push(chunk.toString());
        if (said.join('').includes('ready to accept connections')) resolve();
      });
      void server.exited.then(() => reject(new Error(`postgres ended: ${said.join('')}`)));
    });
  }

  /** At once: connections break, and what was not committed is gone. */
  async stop(): Promise<void> {
    if (this.#server === undefined) return;
    process.kill(this.#server.pid, 'SIGQUIT');
    await this.#server.exited;
    this.#server = undefined;
  }

  async query(sql: string, database = 'postgres'): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url(database) });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true });
  }
}

function asPostgres(program: string, ...args: readonly string[]): Argv {
  const [newest] = readdirSync(debian).sort((a, b) => Number(b) - Number(a));
  const user = [
    'setpriv',
    '--reuid=postgres',
    '--regid=postgres',
    '--clear-groups',
    '--no-new-privs',
  ] as const;
  return ['unshare', '--ipc', ...user, path.join(debian, newest ?? '', 'bin', program), ...args];
}
