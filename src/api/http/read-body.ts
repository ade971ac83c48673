/**
 * The body of a request, whole, and refused as soon as it is too large: nobody can make us hold more. How long it may
 * take is the listener's business (`create-api-listener.ts`).
 */

import { AppError } from '../../util/app-error.ts';
import { formatBytes } from '../../util/format-bytes.ts';

const maxBodyBytes = 1024 * 1024;

/** Throws `api.too-large`. */
export async function readBody(request: Request, limit = maxBodyBytes): Promise<Buffer> {
  const tooLarge = (): AppError =>
    new AppError('api.too-large', `wanted a body of at most ${formatBytes(limit)}, got a larger one`);
  if (Number(request.headers.get('Content-Length') ?? 0) > limit) throw tooLarge();
  if (request.body === null) return Buffer.alloc(0);
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return Buffer.concat(pieces);
      size += value.length;
      if (size > limit) throw tooLarge();
      pieces.push(value);
    }
  } finally {
    // Not cancelled, which would close the connection before the answer is sent: the HTTP server lets the rest go by
    // for a moment, and closes it then.
    reader.releaseLock();
  }
}
