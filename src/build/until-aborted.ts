/**
 * What a promise gives, but no longer waited for once the signal fires: then it throws the signal's reason, or
 * `interrupted`. What the promise comes to after that is of no interest to anyone.
 */

import { AppError } from '../util/app-error.ts';

export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    const reason: unknown = signal.reason;
    aborted.reject(reason instanceof AppError ? reason : new AppError('interrupted', `interrupted: ${what}`));
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
