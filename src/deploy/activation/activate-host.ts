/**
 * Activates a system on a host, under a supervisor that lives there and not in our connection. Asked again for the same
 * rollout it takes up what runs there or has ended; it begins anew only what nobody watches over any more, and what
 * went back because we were not heard.
 */

import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { printable } from '../../util/printable.ts';
import type { SwitchAction } from '../deploy-plan.ts';
import type { Activated, StepOptions } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import { activationOutcome } from './activation-outcome.ts';
import { followActivation } from './follow-activation.ts';
import { type ActivationState, hostVerb } from './host-verb.ts';
import { defaultPatienceMs, persist } from './persist.ts';

/** Times are in seconds. */
export interface ActivateRequest {
  readonly rollout: string;
  readonly toplevel: StorePath;
  readonly action: SwitchAction;
  /** How long the host waits to be told that it can be reached. */
  readonly confirmTimeout: number;
  /** 0: no limit. */
  readonly activationTimeout: number;
  /** Whether it goes back when the activation fails or nobody confirms it. */
  readonly rollBack: boolean;
  /** How long it may be out of reach. */
  readonly patienceMs?: number | undefined;
}

/** Throws `deploy.failed`, `deploy.not-confirmed`, `deploy.locked`, and what running on a host throws. */
export async function activateHost(
  session: HostSession,
  request: ActivateRequest,
  options: StepOptions,
): Promise<Activated> {
  const { name } = session.host;
  const patienceMs = request.patienceMs ?? Math.max(defaultPatienceMs, (request.confirmTimeout + 120) * 1000);
  const following = { ...options, patienceMs };
  let wasLost = false;
  const start = (anew: boolean): Promise<string> =>
    persist(
      session,
      async () => {
        // An answer that was lost may have begun it: it is not begun twice.
        const { word, rest } = await startOnce(session, request, anew && !wasLost, options.signal);
        if (word === 'started' || word === 'running' || word === 'ended') return word;
        throw startFailure(name, request.toplevel, word, rest.join(' '));
      },
      { ...following, onLost: () => (wasLost = true) },
    );

  const word = await start(false);
  let state = await followActivation(session, request.rollout, following);
  if (word === 'ended' && !wasLost && isBegunAnew(state)) {
    options.onLine(`an activation of before ended as: ${state.state}; beginning anew`);
    await start(true);
    state = await followActivation(session, request.rollout, following);
  }
  switch (activationOutcome(name, state)) {
    case 0:
      return { state: 'active' };
    case 4: {
      const { failedUnits } = await session.refresh({ signal: options.signal });
      return { state: 'failed-units', units: failedUnits ?? [] };
    }
    case 100:
      return { state: 'needs-reboot' };
  }
}

function isBegunAnew({ state, alive, reason }: ActivationState): boolean {
  if (state === 'rolled-back') return reason === 'unheard';
  return alive !== 'yes' && (state === 'activating' || state === 'active' || state === 'confirmed');
}

function startOnce(session: HostSession, request: ActivateRequest, anew: boolean, signal: AbortSignal) {
  const { action, toplevel, confirmTimeout, activationTimeout, rollBack } = request;
  const seconds = [confirmTimeout, activationTimeout].map((time) => Math.max(0, Math.ceil(time)));
  const args = [action, toplevel, ...seconds, rollBack ? 'yes' : 'no', anew ? 'yes' : 'no'];
  return hostVerb(session, 'start', request.rollout, args, { signal });
}

function startFailure(host: string, toplevel: StorePath, word: string, rest: string): AppError {
  const why =
    word === 'missing'
      ? `${toplevel}/bin/switch-to-configuration is not there`
      : word === 'busy'
        ? 'another program holds /run/proteus/mutex'
        : `the supervisor did not start: ${printable(rest) || word}`;
  return new AppError('deploy.failed', `${host}: nothing was activated: ${why}`);
}
