/** Whether what is to be sent to a host fits there, asked before the first byte is sent. */

import { AppError } from '../../util/app-error.ts';
import { formatBytes } from '../../util/format-bytes.ts';

/** What stays free beside it: for the activation, logs, and the database of the store. */
const keptFree = 64 * 1024 * 1024;

/**
 * Bytes of disk that NARs of so many bytes in so many paths take, at most: files fill whole blocks of the file system,
 * and each path has a row with its references in the database.
 */
export function neededBytes(narBytes: number, paths: number): number {
  return Math.ceil(narBytes * 1.05) + paths * 16 * 1024 + keptFree;
}

/** Throws `deploy.no-space` naming what is needed and what is there. */
export function checkSpace(
  host: string,
  missing: { readonly bytes: number; readonly paths: number },
  freeBytes: number,
): void {
  const needed = neededBytes(missing.bytes, missing.paths);
  if (missing.paths === 0 || freeBytes >= needed) return;
  throw new AppError(
    'deploy.no-space',
    `${host} lacks ${missing.paths} paths of ${formatBytes(missing.bytes)} together, which need ` +
      `${formatBytes(needed)} free in /nix/store; it has ${formatBytes(freeBytes)}`,
  );
}
