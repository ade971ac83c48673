/**
 * NARs of the live store, made in threads of their own and never on the event loop. A thread is started when it is
 * first needed; a new NAR goes to the one with the fewest. A thread that dies fails the NARs it was making, and is
 * replaced with the next.
 *
 * What was found right is remembered by how the tree looked then, so that the next download of it need not be hashed.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { StorePath } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { type ErrorCode, errorCatalogue } from '../../util/error-catalogue.ts';
import type { FromDumpThread, ToDumpThread } from './dump-messages.ts';

export interface DumpPool extends AsyncDisposable {
  /**
   * The NAR of the path, or the part of it that is wanted, in pieces that are buffers of their own. The last piece comes
   * only when the whole is known to be right; else it throws `cache.nar-corrupted`. Leaving the loop ends it.
   */
  dump(info: PathInfo, range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
}

/** Trees whose look is remembered. */
const maxLooks = 100_000;
/** Pieces under way for each download, when there are few and when there are many. */
const credits = { few: 6, many: 2 };
const many = 16;

interface Reader {
  readonly thread: Thread;
  readonly pieces: Uint8Array[];
  end: { readonly error?: Error } | undefined;
  wake: () => void;
}

interface Thread {
  readonly worker: Worker;
  readonly ids: Set<number>;
}

export function createDumpPool(size = Math.max(2, availableParallelism())): DumpPool {
  const threads: Thread[] = [];
  const readers = new Map<number, Reader>();
  const looks = new Map<string, string>();
  let lastId = 0;
  let closed = false;

  const fail = (id: number, error: Error): void => {
    const reader = readers.get(id);
    if (reader === undefined) return;
    reader.end = { error };
    reader.wake();
  };

  const startThread = (): Thread => {
    const worker = new Worker(new URL('./dump-thread.ts', import.meta.url));
    const thread: Thread = { worker, ids: new Set() };
    worker.unref();
    const die = (error: Error): void => {
      const at = threads.indexOf(thread);
      if (at !== -1) threads.splice(at, 1);
      for (const id of thread.ids) fail(id, error);
    };
    worker.on('message', (message: FromDumpThread) => {
      const reader = readers.get(message.id);
      if (reader === undefined) return;
      if (message.type === 'piece') reader.pieces.push(message.bytes);
      else if (message.type === 'end') reader.end = {};
      else reader.end = { error: new AppError(knownCode(message.code), message.message) };
      if (message.type === 'end') remember(message.id, message.look);
      reader.wake();
    });
    worker.on('error', die);
    worker.on('exit', () => die(new AppError('store.corrupt', 'the thread that made the NAR ended')));
    threads.push(thread);
    return thread;
  };

  const keys = new Map<number, string>();
  const remember = (id: number, look: string): void => {
    const key = keys.get(id);
    if (key === undefined) return;
    looks.delete(key);
    looks.set(key, look);
    if (looks.size > maxLooks) looks.delete(looks.keys().next().value ?? '');
  };

  const chooseThread = (): Thread => {
    const idle = threads.find((thread) => thread.ids.size === 0);
    if (idle !== undefined) return idle;
    if (threads.length < size) return startThread();
    return threads.reduce((least, thread) => (thread.ids.size < least.ids.size ? thread : least));
  };

  return {
    async *dump(info, range = { start: 0, end: info.narSize }) {
      if (closed) throw new AppError('interrupted', 'the server is stopping');
      const id = ++lastId;
      const thread = chooseThread();
      const tell = (message: ToDumpThread): void => thread.worker.postMessage(message);
      const key = lookKey(info.path, info.narHash);
      const reader: Reader = { thread, pieces: [], end: undefined, wake: () => {} };
      thread.ids.add(id);
      readers.set(id, reader);
      keys.set(id, key);
      const { path, narHash, narSize } = info;
      const knownLook = looks.get(key);
      tell({
        type: 'start',
        id,
        order: { path, narHash, narSize, ...range, knownLook },
        credits: readers.size > many ? credits.many : credits.few,
      });
      try {
        for (;;) {
          const piece = reader.pieces.shift();
          if (piece !== undefined) {
            yield piece;
            if (reader.end === undefined) tell({ type: 'credit', id });
          } else if (reader.end !== undefined) {
            if (reader.end.error === undefined) return;
            looks.delete(key);
            throw reader.end.error;
          } else {
            await new Promise<void>((resolve) => {
              reader.wake = resolve;
            });
          }
        }
      } finally {
        if (reader.end === undefined) tell({ type: 'stop', id });
        thread.ids.delete(id);
        readers.delete(id);
        keys.delete(id);
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const id of readers.keys()) fail(id, new AppError('interrupted', 'the server is stopping'));
      await Promise.all(threads.splice(0).map(({ worker }) => worker.terminate()));
    },
  };
}

function lookKey(path: StorePath, narHash: string): string {
  return `${path} ${narHash}`;
}

function knownCode(code: string): ErrorCode {
  // The thread is our own code, and sends codes of the catalogue only.
  return code in errorCatalogue ? (code as ErrorCode) : 'store.corrupt';
}
