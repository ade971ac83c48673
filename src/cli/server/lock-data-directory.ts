/** One server for each data directory. */

import path from 'node:path';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { isFileLocked, lockFile } from '../../util/lock-file.ts';

const lockOf = (directory: string): string => path.join(directory, 'lock');

/**
 * Held until disposed. Throws `server.running` when another process has it, `server.data-directory` when it cannot be
 * had at all.
 */
export function lockDataDirectory(directory: string): Disposable {
  const file = lockOf(directory);
  let held: Disposable | undefined;
  try {
    held = lockFile(file);
  } catch (cause) {
    throw new AppError('server.data-directory', `cannot use ${file} as a lock: ${errorMessage(cause)}`, {
      cause,
    });
  }
  if (held === undefined) throw new AppError('server.running', `a server works on ${directory} already`);
  return held;
}

/** Whether some process holds it. Not to be asked by the holder itself. */
export function isDataDirectoryLocked(directory: string): boolean {
  return isFileLocked(lockOf(directory));
}
