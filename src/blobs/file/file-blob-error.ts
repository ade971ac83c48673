/** What the file system throws, in our words: `blobs.full`, `blobs.missing`, `blobs.unreachable`. */

import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const missing = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** `what`: what was being done, to go after "cannot". Errors that are ours already, and aborts, stay what they are. */
export function fileBlobError(error: unknown, what: string): unknown {
  if (error instanceof AppError || !(error instanceof Error) || !('code' in error)) return error;
  if (typeof error.code !== 'string' || error.name === 'AbortError') return error;
  const code = full.has(error.code)
    ? 'blobs.full'
    : missing.has(error.code)
      ? 'blobs.missing'
      : 'blobs.unreachable';
  return new AppError(code, `cannot ${what}: ${errorMessage(error)}`, { cause: error });
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && missing.has(String(error.code));
}
