/**
 * Who is to blame for what broke an attempt. Only trouble with a store or a program can be the builder's; and when our
 * own store does not answer any more, it is that, which may pass.
 */

import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { asError } from './as-error.ts';
import type { Verdict } from './step-failure.ts';

export interface Blame {
  readonly verdict: Extract<Verdict, { ok: false }>;
  /** What is not the builder's doing. */
  readonly fault?: Error;
  /** Another attempt may mend it. */
  readonly mayPass: boolean;
}

/** `askStore` asks our own store anything. */
export async function blame(
  error: unknown,
  builderName: string,
  askStore: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<Blame> {
  const lost = (message: string) => ({ ok: false, reason: 'builder-lost', message }) as const;
  if (signal.aborted) {
    return { verdict: { ok: false, reason: 'cancelled', message: 'interrupted' }, mayPass: false };
  }
  if (!(error instanceof AppError) || !/^(?:store|process)\./.test(error.code)) {
    return { verdict: lost(errorMessage(error)), fault: asError(error), mayPass: false };
  }
  try {
    await askStore();
  } catch (fault) {
    return { verdict: lost(errorMessage(fault)), fault: asError(fault), mayPass: true };
  }
  return { verdict: lost(`${builderName}: ${errorMessage(error)}`), mayPass: true };
}
