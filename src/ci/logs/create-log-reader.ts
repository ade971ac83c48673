/** The logs of all attempts (`LogReader` in `ci.ts`), those under way and those that are over. */

import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import type { LogReader } from '../ci.ts';
import { type LogTail, openLogTail } from './log-tail.ts';
import { type OpenLog, openLog } from './open-log.ts';

export interface LogBook extends LogReader {
  /** A step writes this log from now on. */
  began(file: string): void;
  /** All of it is in the file. */
  ended(file: string): void;
}

const pieceBytes = 256 * 1024;
/** Sizes of compressed logs, which can only be counted. */
const maxKnownSizes = 10_000;

export function createLogReader(directory: string): LogBook {
  const live = new Set<string>();
  const tails = new Map<string, { readonly tail: Promise<LogTail | undefined>; readers: number }>();
  const sizes = new Map<string, number>();

  async function* read(file: string, { from = 0, to = Infinity } = {}): AsyncGenerator<Uint8Array> {
    const log = await openLog(directory, file);
    if (log !== undefined && from < to) yield* contentOf(log, from, to);
    else await log?.handle.close();
  }

  const count = async (file: string): Promise<number> => {
    const known = sizes.get(file);
    if (known !== undefined) return known;
    let bytes = 0;
    for await (const piece of read(file)) bytes += piece.length;
    if (sizes.size >= maxKnownSizes) sizes.clear();
    sizes.set(file, bytes);
    return bytes;
  };

  const openTail = async (file: string): Promise<LogTail | undefined> => {
    const log = await openLog(directory, file);
    if (log === undefined || log.compressed) {
      await log?.handle.close();
      return undefined;
    }
    const tail = await openLogTail(join(directory, file), log.handle);
    if (!live.has(file)) await tail.end();
    return tail;
  };

  return {
    began(file) {
      live.add(file);
    },
    ended(file) {
      live.delete(file);
      void tails.get(file)?.tail.then((tail) => tail?.end());
    },
    async stat(file) {
      const log = await openLog(directory, file);
      if (log === undefined) return undefined;
      await using handle = log.handle;
      if (log.compressed) return { bytes: await count(file), live: false };
      return { bytes: (await handle.stat()).size, live: live.has(file) };
    },
    read,
    async *follow(file, from, signal) {
      if (!live.has(file)) {
        yield* read(file, { from });
        return;
      }
      const entry = tails.get(file) ?? { tail: openTail(file), readers: 0 };
      tails.set(file, entry);
      entry.readers += 1;
      try {
        const tail = await entry.tail;
        yield* tail === undefined ? read(file, { from }) : tail.read(from, signal);
      } finally {
        entry.readers -= 1;
        if (entry.readers === 0) {
          tails.delete(file);
          await (await entry.tail)?.[Symbol.asyncDispose]();
        }
      }
    },
  };
}

/** Closes the log. */
async function* contentOf(
  { handle, compressed }: OpenLog,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  if (!compressed) {
    yield* handle.createReadStream({
      start: from,
      ...(to === Infinity ? {} : { end: to - 1 }),
      highWaterMark: pieceBytes,
    });
    return;
  }
  const plain = createZstdDecompress({ chunkSize: pieceBytes });
  const done = pipeline(handle.createReadStream({ highWaterMark: pieceBytes }), plain);
  // It rejects when the reader leaves early; a damaged file is told by `plain` itself.
  done.catch(() => {});
  let at = 0;
  for await (const piece of plain as AsyncIterable<Buffer>) {
    const wanted = piece.subarray(Math.max(0, from - at), to - at);
    at += piece.length;
    if (wanted.length > 0) yield wanted;
    if (at >= to) break;
  }
}
