/**
 * Threads for work on NARs: hashing, compressing, checking. One is started when it is first needed; a job goes to the one
 * with the fewest and stays there. A thread that dies fails its jobs, and is replaced with the next.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../util/app-error.ts';
import { isErrorCode } from '../../util/is-error-code.ts';
import type { FromNarThread, NarJob, ResultOf, ToNarThread } from './nar-messages.ts';

export interface NarSession<Result> extends Disposable {
  /**
   * Resolves when the piece is used. It is handed over, and must not be touched again, unless it lies in shared memory;
   * a part of a larger buffer is copied. Throws what the job failed with.
   */
  push(bytes: Uint8Array): Promise<void>;
  /** No more pieces: what comes out of it. */
  end(): Promise<Result>;
}

export interface NarThreads extends AsyncDisposable {
  readonly size: number;
  /** Disposing of it before its end gives the job up. */
  open<Job extends NarJob>(job: Job): NarSession<ResultOf<Job>>;
  /** One that takes no pieces. */
  run<Job extends NarJob>(job: Job, signal?: AbortSignal): Promise<ResultOf<Job>>;
}

interface Session {
  readonly thread: Thread;
  readonly pushed: PromiseWithResolvers<void>[];
  readonly result: PromiseWithResolvers<unknown>;
}

interface Thread {
  readonly worker: Worker;
  readonly ids: Set<number>;
}

export function createNarThreads(size = Math.max(2, availableParallelism())): NarThreads {
  const threads: Thread[] = [];
  const sessions = new Map<number, Session>();
  let lastId = 0;
  let closed = false;

  const settle = (id: number, how: (session: Session) => void): void => {
    const session = sessions.get(id);
    if (session === undefined) return;
    sessions.delete(id);
    session.thread.ids.delete(id);
    how(session);
  };
  const fail = (id: number, error: Error): void =>
    settle(id, ({ pushed, result }) => {
      for (const piece of pushed) piece.reject(error);
      result.reject(error);
    });

  const startThread = (): Thread => {
    const worker = new Worker(new URL('./nar-thread.ts', import.meta.url));
    const thread: Thread = { worker, ids: new Set() };
    worker.unref();
    const die = (error: Error): void => {
      const at = threads.indexOf(thread);
      if (at !== -1) threads.splice(at, 1);
      for (const id of thread.ids) fail(id, error);
    };
    worker.on('message', (message: FromNarThread) => {
      if (message.type === 'taken') sessions.get(message.id)?.pushed.shift()?.resolve();
      else if (message.type === 'failed') fail(message.id, appError(message.code, message.message));
      else
        settle(message.id, ({ pushed, result }) => {
          for (const piece of pushed) piece.resolve();
          result.resolve(message.result);
        });
    });
    worker.on('error', die);
    worker.on('exit', () =>
      die(new AppError('process.failed', 'the thread that worked on the NAR ended before it was done')),
    );
    threads.push(thread);
    return thread;
  };
  const chooseThread = (): Thread => {
    const idle = threads.find((thread) => thread.ids.size === 0);
    if (idle !== undefined) return idle;
    if (threads.length < size) return startThread();
    return threads.reduce((least, thread) => (thread.ids.size < least.ids.size ? thread : least));
  };

  const open = <Job extends NarJob>(job: Job): NarSession<ResultOf<Job>> => {
    if (closed) throw new AppError('interrupted', 'the server is stopping');
    const id = ++lastId;
    const thread = chooseThread();
    const tell = (message: ToNarThread, transfer: readonly ArrayBuffer[] = []): void =>
      thread.worker.postMessage(message, transfer);
    const session: Session = { thread, pushed: [], result: Promise.withResolvers() };
    // Told when it is asked for; whoever gives the job up does not ask.
    session.result.promise.catch(() => {});
    sessions.set(id, session);
    thread.ids.add(id);
    tell({ type: 'start', id, job });
    return {
      push(bytes) {
        if (!sessions.has(id)) {
          const ended = session.result.promise.then(() => {});
          // Whoever waits for more input meanwhile asks for it only afterwards.
          ended.catch(() => {});
          return ended;
        }
        const used = Promise.withResolvers<void>();
        used.promise.catch(() => {});
        session.pushed.push(used);
        const { buffer } = bytes;
        if (buffer instanceof SharedArrayBuffer) tell({ type: 'piece', id, bytes });
        else if (buffer.byteLength === bytes.length) tell({ type: 'piece', id, bytes }, [buffer]);
        else {
          const copy = new Uint8Array(bytes);
          tell({ type: 'piece', id, bytes: copy }, [copy.buffer]);
        }
        return used.promise;
      },
      end() {
        if (sessions.has(id)) tell({ type: 'end', id });
        return session.result.promise as Promise<ResultOf<Job>>; // a job's thread gives the result of that job
      },
      [Symbol.dispose]() {
        if (!sessions.has(id)) return;
        tell({ type: 'stop', id });
        fail(id, new AppError('interrupted', 'the work on the NAR was given up'));
      },
    };
  };

  return {
    size,
    open,
    async run(job, signal) {
      signal?.throwIfAborted();
      using session = open(job);
      const stop = (): void => session[Symbol.dispose]();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        return await session.end();
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const id of [...sessions.keys()]) fail(id, new AppError('interrupted', 'the server is stopping'));
      await Promise.all(threads.splice(0).map(({ worker }) => worker.terminate()));
    },
  };
}

function appError(code: string, message: string): AppError {
  // The thread is our own code, and sends codes of the catalogue only.
  return new AppError(isErrorCode(code) ? code : 'cache.nar-corrupted', message);
}
