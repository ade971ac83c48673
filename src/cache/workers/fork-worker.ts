/** Starts a process that serves. It ends with this one, also when this one is killed: the channel between them closes. */

import cluster from 'node:cluster';
import type { WorkerProcess } from './start-cache-workers.ts';
import { fromCacheWorker } from './worker-messages.ts';

export function forkWorker(): WorkerProcess {
  cluster.setupPrimary({
    exec: new URL('./cache-worker.ts', import.meta.url).pathname,
    args: [],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Standard output is for results of the command, which the parent prints.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const worker = cluster.fork();
  return {
    pid: worker.process.pid ?? 0,
    exited: new Promise((resolve) => {
      worker.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    }),
    onMessage: (listener) => {
      worker.on('message', (message) => listener(fromCacheWorker.parse(message)));
    },
    send: (message) => {
      // One that has just died is told by its exit.
      if (worker.isConnected()) worker.send(message, () => {});
    },
    kill: () => worker.process.kill('SIGKILL'),
  };
}
