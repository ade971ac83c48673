/** The whole server, as `proteus serve` starts it, which says when things happened, and a project for its jobsets. */

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ci } from '../../src/ci/ci.ts';
import { serverSettings } from '../../src/cli/server/server-settings.ts';
import { startServer } from '../../src/cli/server/start-server.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { ServerEvent } from '../../src/events/event.ts';
import { createLogger } from '../../src/log/create-logger.ts';

export interface LoopServer extends AsyncDisposable {
  readonly ci: Ci;
  /** A connection of our own. */
  readonly database: Database;
  /** Milliseconds from `since` to the first event of that type after it. */
  until(type: ServerEvent['type'], since: number, match?: (event: ServerEvent) => boolean): Promise<number>;
}

export interface LoopData extends AsyncDisposable {
  readonly directory: string;
  readonly databaseUrl: string;
}

export async function makeLoopData(): Promise<LoopData> {
  const directory = await mkdtemp('/nix/var/bench-loop.');
  return {
    directory,
    databaseUrl: join(directory, 'proteus.db'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

export async function startLoopServer({ directory, databaseUrl }: LoopData): Promise<LoopServer> {
  const happened: { readonly event: ServerEvent; readonly at: number }[] = [];
  const waiting = new Set<() => void>();
  await using stack = new AsyncDisposableStack();
  const where = { cwd: directory, env: process.env };
  const { ci } = stack.use(
    await startServer(await serverSettings(where, { dataDirectory: directory }, { listen: '127.0.0.1:0' }), {
      env: process.env,
      signal: new AbortController().signal,
      log: createLogger({ stream: process.stderr, readable: true, level: 'error' }),
      onEvent(event) {
        if (event.type === 'step.log') return;
        happened.push({ event, at: performance.now() });
        for (const check of [...waiting]) check();
      },
    }),
  );
  const database = stack.use(await openDatabase(databaseUrl, { now: Date.now }));
  const owned = stack.move();
  return {
    ci,
    database,
    until: (type, since, match = () => true) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = happened.find(({ event, at }) => at >= since && event.type === type && match(event));
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found.at - since);
        };
        waiting.add(check);
        check();
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The id of a project. */
export async function makeProject({ projects }: Pick<Database, 'projects'>): Promise<number> {
  const { id } = await projects.create({
    name: 'fleet',
    displayName: 'Fleet',
    description: '',
    homepage: '',
    owner: 'root',
    enabled: true,
    hidden: false,
    enableDynamicRunCommand: false,
    declarative: null,
  });
  return id;
}
