/**
 * Work with another machine that has to get on: when nothing moves for so long, it is given up. ssh finds out when the
 * other side is gone; this is for a side that is there and does nothing (a full disk, a stopped daemon).
 */

import { AppError } from '../util/app-error.ts';
import { formatDuration } from '../util/format-duration.ts';
import { untilAborted } from './until-aborted.ts';

export interface StallOptions {
  /** For messages: what is done. */
  readonly what: string;
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

/**
 * Ends with the work, when the signal fires (`interrupted`), or when `moved` was not called for too long
 * (`store.unreachable`); the work's own signal fires in both cases, and it is not waited for.
 */
export async function withoutStall<T>(
  { what, stallMs, signal }: StallOptions,
  work: (signal: AbortSignal, moved: () => void) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const stalled = new AppError(
    'store.unreachable',
    `${what}: nothing has moved for ${formatDuration(stallMs)}`,
  );
  const timer = setTimeout(() => over.abort(stalled), stallMs);
  const onAbort = (): void => over.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await untilAborted(
      work(over.signal, () => timer.refresh()),
      over.signal,
      what,
    );
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
