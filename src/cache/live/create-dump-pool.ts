/**
 * NARs of the live store, made in threads of their own and never on the event loop. A thread is started when it is
 * first needed; a new NAR goes to the one with the fewest. A thread that dies fails the NARs it was making, and is
 * replaced with the next.
 *
 * A NAR under way has a ring of slots in shared memory (`dump-messages.ts`), taken from those that are free again, else
 * made. A ring is free when its thread has said that it is done with it and its reader is, too.
 *
 * What was found right is remembered by how the tree looked then, so that the next download of it need not be hashed.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { StorePath } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import type { ErrorCode } from '../../util/error-catalogue.ts';
import { isErrorCode } from '../../util/is-error-code.ts';
import { type FromDumpThread, slotBytes, slotsOf, slotsPerRing, type ToDumpThread } from './dump-messages.ts';

interface NarPart {
  readonly start: number;
  readonly end: number;
}

export interface DumpPool extends AsyncDisposable {
  /**
   * The NAR of the path, or the part of it that is wanted, in pieces that are buffers of their own. The last piece comes
   * only when the whole is known to be right; else it throws `cache.nar-corrupted`. Leaving the loop ends it.
   */
  dump(info: PathInfo, part?: NarPart): AsyncIterable<Uint8Array>;
  /** The same without a copy: a piece is good only until the next one is asked for. */
  dumpShared(info: PathInfo, part?: NarPart): AsyncIterable<Uint8Array>;
}

/** Trees whose look is remembered. */
const maxLooks = 100_000;
/**
 * What of a ring is used when there are few downloads, and when there are many: then memory counts for more. What is not
 * written to takes none.
 */
const use = { few: { slots: slotsPerRing, bytes: slotBytes }, many: { slots: 2, bytes: slotBytes / 2 } };
const many = 16;
/** Rings kept for the next NARs: 16 MiB. */
const maxSpareRings = 16;

interface Ring {
  readonly memory: SharedArrayBuffer;
  readonly slots: readonly Buffer[];
}

interface Piece {
  readonly slot: number;
  readonly length: number;
}

interface Reader {
  /** Under which the look of its tree is remembered. */
  readonly key: string;
  readonly ring: Ring;
  readonly pieces: Piece[];
  end: { readonly error?: Error } | undefined;
  /** The reader takes no more. */
  left: boolean;
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
  const spareRings: Ring[] = [];
  let lastId = 0;
  let closed = false;

  const takeRing = (): Ring => {
    const spare = spareRings.pop();
    if (spare !== undefined) return spare;
    const memory = new SharedArrayBuffer(slotsPerRing * slotBytes);
    return { memory, slots: slotsOf(memory) };
  };
  const giveBack = (ring: Ring): void => {
    if (spareRings.length < maxSpareRings) spareRings.push(ring);
  };
  const end = (id: number, error?: Error): void => {
    const reader = readers.get(id);
    if (reader === undefined) return;
    readers.delete(id);
    reader.end ??= error === undefined ? {} : { error };
    reader.wake();
    if (reader.left) giveBack(reader.ring);
  };

  const onMessage = (message: FromDumpThread, thread: Thread): void => {
    const { id } = message;
    const reader = readers.get(id);
    if (message.type === 'piece') {
      reader?.pieces.push(message);
      reader?.wake();
      return;
    }
    thread.ids.delete(id);
    if (message.type === 'end' && reader !== undefined) remember(reader.key, message.look);
    end(id, message.type === 'failed' ? new AppError(knownCode(message.code), message.message) : undefined);
  };

  const startThread = (): Thread => {
    const worker = new Worker(new URL('./dump-thread.ts', import.meta.url));
    const thread: Thread = { worker, ids: new Set() };
    worker.unref();
    const die = (error: Error): void => {
      const at = threads.indexOf(thread);
      if (at !== -1) threads.splice(at, 1);
      for (const id of thread.ids) end(id, error);
      thread.ids.clear();
    };
    worker.on('message', (message: FromDumpThread) => onMessage(message, thread));
    worker.on('error', die);
    worker.on('exit', () =>
      die(new AppError('process.failed', 'the thread that made the NAR ended before the NAR was complete')),
    );
    threads.push(thread);
    return thread;
  };

  const remember = (key: string, look: string): void => {
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

  async function* dumpShared(info: PathInfo, part = { start: 0, end: info.narSize }) {
    if (closed) throw new AppError('interrupted', 'the server is stopping');
    const id = ++lastId;
    const thread = chooseThread();
    const tell = (message: ToDumpThread): void => thread.worker.postMessage(message);
    const key = lookKey(info.path, info.narHash);
    const ring = takeRing();
    const reader: Reader = { key, ring, pieces: [], end: undefined, left: false, wake: () => {} };
    thread.ids.add(id);
    readers.set(id, reader);
    const { path, narHash, narSize } = info;
    const order = { path, narHash, narSize, ...part, knownLook: looks.get(key) };
    const { slots, bytes } = readers.size > many ? use.many : use.few;
    tell({ type: 'start', id, order, ring: ring.memory, slots, bytes });
    try {
      for (;;) {
        const piece = reader.pieces.shift();
        if (piece !== undefined) {
          const slot = ring.slots[piece.slot] ?? Buffer.of();
          yield piece.length === slot.length ? slot : slot.subarray(0, piece.length);
          if (reader.end === undefined) tell({ type: 'free', id, slot: piece.slot });
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
      reader.left = true;
      if (reader.end === undefined) tell({ type: 'stop', id });
      else giveBack(ring);
    }
  }

  return {
    dumpShared,
    async *dump(info, part) {
      for await (const piece of dumpShared(info, part)) yield new Uint8Array(piece);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const id of readers.keys()) end(id, new AppError('interrupted', 'the server is stopping'));
      await Promise.all(threads.splice(0).map(({ worker }) => worker.terminate()));
    },
  };
}

function lookKey(path: StorePath, narHash: string): string {
  return `${path} ${narHash}`;
}

function knownCode(code: string): ErrorCode {
  // The thread is our own code, and sends codes of the catalogue only.
  return isErrorCode(code) ? code : 'store.corrupt';
}
