/** Waiting for work that others wait for as well: it goes on, only we do not wait any longer. */

import { AppError } from './app-error.ts';

/** What `work` comes to. Throws `interrupted` as soon as the signal fires; `what` says what was waited for. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new AppError('interrupted', `interrupted: ${what}`));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  // Whoever else waits is told of its failure.
  work.catch(() => {});
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
