/**
 * Shows a host over a new login that it can be reached with the system that it now runs. The host acknowledges it; one
 * that has decided to go back says so instead, and is not kept from it.
 */

import { AppError } from '../../util/app-error.ts';
import { pause } from '../../util/pause.ts';
import type { StepOptions } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import { activationOutcome } from './activation-outcome.ts';
import { hostVerb } from './host-verb.ts';
import { isLost } from './persist.ts';

export interface ConfirmRequest {
  readonly rollout: string;
  /** Seconds that the host waits: after them there is nothing left to confirm. */
  readonly confirmTimeout: number;
}

const tryTimeoutMs = 20_000;
const betweenTriesMs = 500;

/** Throws `deploy.not-confirmed`, `deploy.failed`, and what running on a host throws. */
export async function confirmHost(
  session: HostSession,
  { rollout, confirmTimeout }: ConfirmRequest,
  options: StepOptions,
): Promise<void> {
  const { name } = session.host;
  const until = performance.now() + confirmTimeout * 1000;
  for (;;) {
    try {
      const { state } = await hostVerb(session, 'confirm', rollout, [], {
        signal: options.signal,
        timeoutMs: Math.min(tryTimeoutMs, Math.max(1000, until - performance.now())),
        fresh: true,
      });
      // Rebooted: it could be reached, which is all that is asked here.
      if (state.state === undefined && state.memory === 'yes') return;
      activationOutcome(name, state);
      if (state.state === 'active') {
        options.onLine('nothing watches over the activation there any more: it will not go back by itself');
      }
      return;
    } catch (error) {
      if (!isLost(error)) throw error;
      if (performance.now() > until) {
        throw new AppError(
          'deploy.not-confirmed',
          `${name}: no new connection within ${confirmTimeout} s, so that it goes back by itself to what it ran before: ` +
            (error instanceof Error ? error.message : ''),
          { cause: error },
        );
      }
    }
    await pause(betweenTriesMs, options.signal);
  }
}
