/**
 * A lock between processes. The kernel keeps it (`flock`, from util-linux), so it is free again when its holder is gone,
 * however that went; a small process holds it and dies with us.
 */

import { once } from 'node:events';
import { startProcess } from '../process/start-process.ts';
import { AppError } from '../util/app-error.ts';

/**
 * Waits for the lock on a file, which is made when it is not there; disposing of the result gives it back. Throws
 * `interrupted`, `input.fetch` when the file cannot be locked.
 */
export async function holdLock(file: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  const holder = await startProcess(['flock', '--exclusive', file, 'sh', '-c', 'echo held; exec cat']);
  const giveUp = (): void => void holder.kill();
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted) giveUp();
  let complaint = '';
  holder.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const held = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    holder.exited.then(() => false),
  ]);
  // From here on only its owner gives it back: work that is interrupted still has things to put in order.
  signal?.removeEventListener('abort', giveUp);
  if (held && !signal?.aborted) return { [Symbol.asyncDispose]: () => holder.kill() };
  await holder.kill();
  if (signal?.aborted) throw new AppError('interrupted', `interrupted while waiting for the lock ${file}`);
  throw new AppError('input.fetch', `cannot lock ${file}: ${complaint.trim()}`);
}
