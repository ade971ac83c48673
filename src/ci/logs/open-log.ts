/**
 * The file of a log: `<2 characters>/<drv base name>.<number>.log` below the log folder, appended to while its step
 * runs; some time after that it becomes `….log.zst`, which is complete before the plain file goes.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

export interface OpenLog {
  readonly handle: FileHandle;
  readonly compressed: boolean;
}

/** Undefined when there is no such log; a name that is none of a log is not looked for. */
export async function openLog(directory: string, file: string): Promise<OpenLog | undefined> {
  if (!/^[0-9a-z]{2}\/[^/\0]+\.log$/.test(file)) return undefined;
  const plain = await openFile(join(directory, file));
  if (plain !== undefined) return { handle: plain, compressed: false };
  const compressed = await openFile(join(directory, `${file}.zst`));
  return compressed === undefined ? undefined : { handle: compressed, compressed: true };
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
