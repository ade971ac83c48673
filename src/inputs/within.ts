/** Work that may take only so long. */

import { AppError } from '../util/app-error.ts';

/** How long a fetch may take where nobody says otherwise. */
export const defaultTimeoutMs = 600_000;

/**
 * Gives the work a signal that fires when the time is over or the caller's fires. Throws `input.fetch` or `interrupted`
 * then, whatever the work makes of it.
 */
export async function within<T>(
  timeoutMs: number,
  what: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), timeoutMs);
  try {
    return await work(signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]));
  } catch (cause) {
    if (signal?.aborted) throw new AppError('interrupted', `interrupted: ${what}`, { cause });
    if (!over.signal.aborted) throw cause;
    throw new AppError('input.fetch', `${what} did not end within ${timeoutMs / 1000} seconds`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
