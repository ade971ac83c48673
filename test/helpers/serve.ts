/** A whole server in a process of its own, for tests: `proteus serve` on a free port. */

import { createInterface } from 'node:readline';
import { onTestFailed } from 'vitest';
import type { RunningProcess } from '../../src/process/start-process.ts';
import { proteus, startProteus } from './proteus.ts';

type Event = Readonly<Record<string, unknown>>;

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly publicKeys: readonly string[];
  readonly process: RunningProcess;
  /** All that it told so far. */
  readonly events: readonly Event[];
  /** Its log so far. */
  log(): string;
  /** Resolves with the first event that is as wanted, also one that was told already. */
  told(wanted: (event: Event) => boolean): Promise<Event>;
}

/** Starts `proteus COMMAND… --json` and waits for its first event of that type, which says where it listens. */
async function startAndWait(
  args: readonly string[],
  first: string,
  options: ServeOptions,
): Promise<TestServer> {
  const child = await startProteus([...args, '--json'], options);
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += String(chunk);
  });
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    events.push(JSON.parse(line) as Event); // one object a line, by contract
    for (const wake of waiting) wake();
  });
  const told = (wanted: (event: Event) => boolean): Promise<Event> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = events.find(wanted);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void child.exited.then(() => reject(new Error(`the server has ended:\n${log}`)));
    });
  showWhenFailed(
    () => `what ${args[0]} told: ${JSON.stringify(events.slice(-100))}\nits log:\n${log.slice(-20_000)}`,
  );
  const start = await told(({ type }) => type === first);
  return {
    url: String(start.server ?? start.url),
    publicKeys: start.publicKeys as readonly string[], // as serve and up say it
    process: child,
    events,
    log: () => log,
    told,
    [Symbol.asyncDispose]: () => child.kill(),
  };
}

/** A test that fails, or waits for ever, shows what the server said; elsewhere, as in hooks, nobody is there to be shown. */
function showWhenFailed(what: () => string): void {
  try {
    onTestFailed(() => {
      process.stderr.write(`${what()}\n`);
    });
  } catch {}
}

export interface ServeOptions {
  readonly args?: readonly string[];
  /** HOST:PORT; default a free port of the loopback. */
  readonly listen?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export function serve(directory: string, options: ServeOptions = {}): Promise<TestServer> {
  return startAndWait(
    [
      'serve',
      '--data-directory',
      directory,
      '--listen',
      options.listen ?? '127.0.0.1:0',
      ...(options.args ?? []),
    ],
    'server.listening',
    options,
  );
}

/** `proteus up`, until it says where to look. */
export function bringUp(directory: string, network: string, options: ServeOptions = {}): Promise<TestServer> {
  return startAndWait(
    [
      'up',
      network,
      '--data-directory',
      directory,
      '--listen',
      options.listen ?? '127.0.0.1:0',
      ...(options.args ?? []),
    ],
    'up',
    options,
  );
}

/** Makes an administrator and says their token. */
export async function makeAdmin(directory: string, name = 'alice'): Promise<string> {
  const where = ['--data-directory', directory];
  await proteus(['user', 'create', name, '--role', 'admin', ...where]);
  return (await proteus(['token', 'create', 'test', '--user', name, ...where])).stdout.trim();
}

/** `ci.build.finished` of a job with a status. */
export function finished(job: string, status = 0): (event: Event) => boolean {
  return (event) => event.type === 'ci.build.finished' && event.job === job && event.status === status;
}
