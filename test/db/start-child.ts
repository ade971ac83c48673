/** Starts `database.child.ts`, and waits for what it says. */

import path from 'node:path';
import { createInterface } from 'node:readline';
import { type RunningProcess, startProcess } from '../../src/process/start-process.ts';

export interface Child extends AsyncDisposable {
  /** Rejects with what it said on standard error when it ends without saying so. */
  says(word: string): Promise<void>;
  killHard(): Promise<void>;
}

export async function startChild(url: string, task: string, argument = ''): Promise<Child> {
  const script = path.join(import.meta.dirname, 'database.child.ts');
  const child: RunningProcess = await startProcess([process.execPath, script, url, task, argument]);
  const said = new Set<string>();
  const waiting: (() => void)[] = [];
  let errors = '';
  let ended = false;
  const wake = () => {
    for (const look of waiting) look();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.add(line);
    wake();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  void child.exited.then(() => {
    ended = true;
    wake();
  });
  return {
    says: (word) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (said.has(word)) resolve();
          else if (ended) reject(new Error(`the child ended without saying '${word}': ${errors}`));
        };
        waiting.push(look);
        look();
      }),
    async killHard() {
      process.kill(child.pid, 'SIGKILL');
      await child.exited;
    },
    [Symbol.asyncDispose]: () => child.kill(),
  };
}
