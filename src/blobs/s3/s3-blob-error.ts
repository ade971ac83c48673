/** What an S3 server or the way to it throws, in our words: `blobs.full`, `blobs.missing`, `blobs.unreachable`. */

import { S3ServiceError } from 's3mini';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

/** By the names that servers have for it. */
const full = /quota|storagefull|insufficientstorage|notenough/i;

/** `what`: what was being done, to go after "cannot". Errors that are ours already, and aborts, stay what they are. */
export function s3BlobError(error: unknown, what: string): unknown {
  if (error instanceof AppError || (error instanceof Error && error.name === 'AbortError')) return error;
  return new AppError(codeOf(error), `cannot ${what}: ${reason(error)}`, { cause: error });
}

function codeOf(error: unknown): 'blobs.full' | 'blobs.missing' | 'blobs.unreachable' {
  if (!(error instanceof S3ServiceError)) return 'blobs.unreachable';
  const { status, serviceCode = '' } = error;
  if (status === 507 || full.test(serviceCode)) return 'blobs.full';
  // A bucket that is gone is no reason to give up what was in it.
  return status === 404 && serviceCode !== 'NoSuchBucket' ? 'blobs.missing' : 'blobs.unreachable';
}

/** What `fetch` throws says only that it failed; why, is what caused it. */
function reason(error: unknown): string {
  return errorMessage(error instanceof TypeError && error.cause !== undefined ? error.cause : error);
}
