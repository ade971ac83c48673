/** A server of the benchmark, which says when things happened, and a project for its jobsets. */

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../src/db/database.ts';
import type { ServerEvent } from '../../src/events/event.ts';
import { type Server, startServer } from '../../test/ci/server.ts';

export interface LoopServer extends Server {
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
  const server = await startServer({ directory, databaseUrl }, (event) => {
    if (event.type === 'step.log') return;
    happened.push({ event, at: performance.now() });
    for (const check of [...waiting]) check();
  });
  return {
    ...server,
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
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
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
