/** Starts `server.ts` and asks it how it is. */

import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { startProcess } from '../../src/process/start-process.ts';

const figures = z.object({ delayMs: z.number(), rss: z.number() });

export interface BenchServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Since it was last asked. */
  ask(): Promise<z.infer<typeof figures>>;
}

export async function startServer(...flags: readonly string[]): Promise<BenchServer> {
  const script = path.join(import.meta.dirname, 'server.ts');
  const child = await startProcess([
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    script,
    ...flags,
  ]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the server ended');
    return value;
  };
  return {
    url: await line(),
    pid: child.pid,
    async ask() {
      child.stdin.write('\n');
      return figures.parse(JSON.parse(await line()));
    },
    [Symbol.asyncDispose]: () => child.kill(),
  };
}
