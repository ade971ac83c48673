/**
 * Takes a host back to the system that it ran before this rollout activated another one: through the supervisor that
 * watches over it, or, where that is gone, through a new one from what the host remembers.
 */

import { AppError } from '../../util/app-error.ts';
import { printable } from '../../util/printable.ts';
import type { StepOptions } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import { backFailure } from './activation-outcome.ts';
import { followActivation } from './follow-activation.ts';
import { hostVerb } from './host-verb.ts';
import { defaultPatienceMs, persist } from './persist.ts';

export interface RollBackRequest {
  readonly rollout: string;
  /** Seconds that going back may take; 0: no limit. */
  readonly activationTimeout: number;
  readonly patienceMs?: number | undefined;
}

/** Resolves when it runs what it ran before, or nothing was activated. Throws `deploy.failed` when it does not. */
export async function rollBackHost(
  session: HostSession,
  { rollout, activationTimeout, patienceMs = defaultPatienceMs }: RollBackRequest,
  options: StepOptions,
): Promise<void> {
  const { name } = session.host;
  const { signal } = options;
  let seen: number | undefined;
  let refusal: string | undefined;
  const failed = (text: string): AppError => new AppError('deploy.failed', `${name}: ${text}`);
  const { state: asked } = await persist(
    session,
    () =>
      hostVerb(session, 'back', rollout, [Math.ceil(activationTimeout)], {
        signal,
        onAnswer: (line) => {
          const [, count] = /^@ (\d{1,9})$/.exec(line) ?? [];
          if (count !== undefined) seen ??= Number(count);
          if (/^(?:busy|not-started)/.test(line)) refusal = line;
        },
      }),
    { ...options, patienceMs },
  );
  if (refusal !== undefined) throw failed(`it could not begin to go back: ${printable(refusal)}`);
  // What it prints while it goes back, and how that ended.
  const state =
    asked.state === undefined
      ? asked
      : await followActivation(session, rollout, { ...options, seen, patienceMs });
  if (state.action === 'dry-activate') return;
  switch (state.state) {
    case undefined:
      if (state.memory === 'yes') throw failed('it was rebooted while it went back');
      options.onLine('this rollout has activated nothing there that could be taken back');
      return;
    case 'rolled-back':
      break;
    case 'back-failed':
      throw failed(`it could not go back: ${backFailure(state)}`);
    case 'failed':
      if (state.reason === 'profile') return;
      throw failed('it does not remember what it ran before, and could not go back');
    case 'kept':
      throw failed('its new system was kept already; `proteus rollback` goes back to a system of before');
    case 'activating':
    case 'active':
    case 'confirmed':
    case 'done':
    case 'rebooting':
    case 'rolling-back':
      throw failed(`it did not go back (it says: ${state.state}); the host may be partly changed`);
  }
  if (state.before === undefined || state.action === 'boot') return;
  const { current } = await session.refresh({ signal });
  if (current !== state.before) {
    throw failed(
      `it says that it went back, but /run/current-system is ${current ?? 'missing'} instead of ${state.before}`,
    );
  }
}
