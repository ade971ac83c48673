/**
 * Compressing a log that is finished: `x.log` becomes `x.log.zst`. The name that is kept of a log is that without
 * `.zst`; whoever reads it looks for the plain file and then for the compressed one, which takes its place in one
 * moment: it is written under another name, renamed, and only then is the plain file removed. After a kill at any point
 * the log is there, whole, under at least one of the two names; compressing it again mends what was left over.
 */

import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';

/** Shorter logs stay as they are: nothing would be gained. */
const leastBytes = 4096;

/** The compressed file of a log. */
export function compressedLog(file: string): string {
  return `${file}.zst`;
}

/** `file`: the plain one. Does nothing when it is short, or not there. */
export async function compressLog(file: string, signal?: AbortSignal): Promise<void> {
  const size = (await stat(file).catch(() => undefined))?.size ?? 0;
  if (size < leastBytes) return;
  const unfinished = `${compressedLog(file)}.part`;
  try {
    const target = createWriteStream(unfinished, { flush: true });
    await pipeline(createReadStream(file), createZstdCompress(), target, { signal });
    await rename(unfinished, compressedLog(file));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await rm(file);
}
