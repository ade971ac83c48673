/**
 * Who is to blame for what broke an attempt. Only trouble with a store or a program can be the builder's; and when our
 * own store does not answer any more, it is that.
 */

import type { Store } from '../store/store.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { asError } from './as-error.ts';
import type { Verdict } from './step-failure.ts';

/** The builder was lost, or, as an error, what no other attempt can mend. */
export async function blame(
  error: unknown,
  builderName: string,
  store: Pick<Store, 'queryValidPaths'>,
  signal: AbortSignal,
): Promise<Verdict | Error> {
  if (signal.aborted) return { ok: false, reason: 'cancelled', message: 'interrupted' };
  if (!(error instanceof AppError) || !/^(?:store|process)\./.test(error.code)) return asError(error);
  try {
    await store.queryValidPaths([], { signal });
  } catch (fault) {
    return asError(fault);
  }
  return { ok: false, reason: 'builder-lost', message: `${builderName}: ${errorMessage(error)}` };
}
