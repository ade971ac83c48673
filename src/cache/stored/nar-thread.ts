/** Runs in a thread of its own: hashes, compresses and checks NARs while the main thread answers requests. */

import { parentPort } from 'node:worker_threads';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { checkNarFile } from './check-nar-file.ts';
import { compressFrame } from './compress-frame.ts';
import { hashFile } from './hash-file.ts';
import { hashPieces } from './hash-pieces.ts';
import type { FromNarThread, NarJob, ToNarThread } from './nar-messages.ts';
import { createPieceQueue, type PieceQueue } from './piece-queue.ts';

const port = parentPort;
if (port === null) throw new TypeError('nar-thread.ts runs as a thread only');
const jobs = new Map<number, { readonly pieces: PieceQueue; readonly abort: AbortController }>();

const tell = (message: FromNarThread, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

async function work(job: NarJob, pieces: PieceQueue, signal: AbortSignal) {
  switch (job.kind) {
    case 'hash':
      return hashPieces(pieces);
    case 'hash-file':
      return hashFile(job.file, signal);
    case 'compress':
      return compressFrame(job.bytes, job.level);
    case 'check':
      return checkNarFile(pieces, { ...job, signal });
  }
}

const start = async (id: number, job: NarJob): Promise<void> => {
  const pieces = createPieceQueue(() => tell({ type: 'taken', id }));
  const abort = new AbortController();
  jobs.set(id, { pieces, abort });
  try {
    const result = await work(job, pieces, abort.signal);
    tell({ type: 'done', id, result }, result instanceof Uint8Array ? [result.buffer] : []);
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'cache.nar-corrupted';
    tell({ type: 'failed', id, code, message: errorMessage(error) });
  } finally {
    jobs.delete(id);
  }
};

port.on('message', (message: ToNarThread) => {
  if (message.type === 'start') {
    void start(message.id, message.job);
    return;
  }
  const job = jobs.get(message.id);
  // It may have ended by itself meanwhile.
  if (job === undefined) return;
  if (message.type === 'piece') job.pieces.push(message.bytes);
  else if (message.type === 'end') job.pieces.end();
  else {
    job.abort.abort();
    job.pieces.fail(new AppError('interrupted', 'it is not wanted any more'));
  }
});
