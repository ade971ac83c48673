/** Runs `serve.child.ts`, hears it and kills it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ServerEvent } from '../../src/events/event.ts';
import type { ServeCommand } from './serve.child.ts';

export type ServeEvent = ServerEvent | { readonly type: 'ready' };

export interface ServeProcess extends AsyncDisposable {
  readonly pid: number;
  readonly events: readonly ServeEvent[];
  /** Resolves with the first such event, also with one that was there. */
  seen<T extends ServeEvent['type']>(
    type: T,
    match?: (event: Extract<ServeEvent, { type: T }>) => boolean,
  ): Promise<Extract<ServeEvent, { type: T }>>;
  tell(command: ServeCommand): void;
  /** With SIGKILL: nothing of it gets a chance to say good-bye. */
  kill(): Promise<void>;
}

export async function serve(options: {
  readonly directory: string;
  readonly databaseUrl: string;
  readonly slots?: number;
}): Promise<ServeProcess> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'serve.child.ts'), JSON.stringify(options)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  const events: ServeEvent[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as ServeEvent); // our own process prints nothing else
    for (const check of [...waiting]) check();
  });
  const process_: ServeProcess = {
    pid: child.pid ?? 0,
    events,
    seen: (type, match = () => true) =>
      new Promise((resolve, reject) => {
        let at = 0;
        const check = (): void => {
          for (; at < events.length; at++) {
            const event = events[at];
            if (event?.type !== type) continue;
            const found = event as Extract<ServeEvent, { type: typeof type }>; // compared above
            if (!match(found)) continue;
            waiting.delete(check);
            resolve(found);
            return;
          }
        };
        waiting.add(check);
        check();
        void exited.then(() => reject(new Error(`the server ended before it told of ${type}`)));
      }),
    tell: (command) => void child.stdin.write(`${JSON.stringify(command)}\n`),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    [Symbol.asyncDispose]: () => process_.kill(),
  };
  child.stdin.on('error', () => {});
  await process_.seen('ready');
  return process_;
}
