/**
 * A log that is still written, read once for all who follow it. The file is read when the kernel tells that it grew;
 * what came last is remembered, and every reader that has kept up is given the same buffers. A reader that is behind
 * reads the file by itself at its own pace, so a slow one costs nobody else anything.
 */

import { watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

const pieceBytes = 64 * 1024;
/** What is remembered for readers at the end. */
const recentBytes = 512 * 1024;

export interface LogTail extends AsyncDisposable {
  /** From there on until the log has ended, or the signal fires. */
  read(from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Nothing more will be written. */
  end(): Promise<void>;
}

/** Takes the handle over. */
export async function openLogTail(path: string, handle: FileHandle): Promise<LogTail> {
  const waiting = new Set<() => void>();
  const recent: { readonly from: number; readonly bytes: Buffer }[] = [];
  let { size } = await handle.stat();
  let remembered = 0;
  let ended = false;
  let failure: unknown;
  let grown = false;
  let reading: Promise<void> | undefined;

  const wake = (): void => {
    for (const resolve of [...waiting]) resolve();
  };

  const readPiece = async (position: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, position);
    return buffer.subarray(0, bytesRead);
  };

  const readNew = async (): Promise<void> => {
    while (grown) {
      grown = false;
      for (;;) {
        const piece = await readPiece(size);
        if (piece.length === 0) break;
        // A copy, so that a short line does not hold on to a whole piece.
        recent.push({ from: size, bytes: Buffer.from(piece) });
        size += piece.length;
        remembered += piece.length;
        while (remembered > recentBytes) remembered -= recent.shift()?.bytes.length ?? 0;
        wake();
      }
    }
  };

  /** One reading at a time; what grew meanwhile is read by it too. */
  const read = (): Promise<void> => {
    grown = true;
    reading ??= readNew()
      .catch((error: unknown) => {
        failure ??= error;
        wake();
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };

  const changed = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      waiting.add(done);
      signal.addEventListener('abort', done);
    });

  const watcher = watch(path, () => void read());
  watcher.on('error', (error) => {
    failure ??= error;
    wake();
  });
  void read();

  return {
    async *read(from, signal) {
      for (let at = from; !signal.aborted; ) {
        const found = recent.findLast((piece) => piece.from <= at);
        if (found !== undefined && at < found.from + found.bytes.length) {
          const piece = found.bytes.subarray(at - found.from);
          at += piece.length;
          yield piece;
        } else if (at < size) {
          const piece = (await readPiece(at)).subarray(0, size - at);
          at += piece.length;
          yield piece;
        } else if (failure !== undefined) {
          throw failure;
        } else if (ended) {
          return;
        } else {
          await changed(signal);
        }
      }
    },
    async end() {
      // A reading under way may have seen the end of the file already.
      await reading;
      await read();
      ended = true;
      wake();
    },
    async [Symbol.asyncDispose]() {
      watcher.close();
      await reading;
      await handle.close();
    },
  };
}
