/** What the state of an activation on a host means: how it went, or the error that says how the host stands. */

import { AppError } from '../../util/app-error.ts';
import type { ActivationState } from './host-verb.ts';

/** Exit code 0, 4 or 100; throws `deploy.failed` or `deploy.not-confirmed` for any other end. */
export function activationOutcome(host: string, state: ActivationState): 0 | 4 | 100 {
  const { exit = '', action = 'activation', before } = state;
  const failed = (text: string): AppError => new AppError('deploy.failed', `${host}: ${text}`);
  const wentBack = `it has gone back to ${before ?? 'what it ran before'}`;
  const how = exit === 'timeout' ? 'it took too long and was ended' : `exit code ${exit}`;
  const what =
    state.reason === 'unheard'
      ? `${action} was not confirmed in time`
      : state.reason === 'told'
        ? `${action} was called off`
        : `${action} failed (${how})`;
  switch (state.state) {
    case 'active':
    case 'confirmed':
    case 'done':
    case 'kept':
    case 'rebooting':
      if (exit === '0' || exit === '4' || exit === '100') return Number(exit) as 0 | 4 | 100; // just compared
      throw failed(`${action} ended in a way that it does not tell (exit code ${JSON.stringify(exit)})`);
    case 'failed':
      if (state.reason === 'profile') {
        throw failed(`the system profile could not be set (${how}); nothing was activated`);
      }
      throw failed(`${what}; ${stays(action)}`);
    case 'rolled-back': {
      const units = state['back-exit'] === '4' ? ', and some of its units failed' : '';
      if (state.reason === 'exit') throw failed(`${what}; ${wentBack}${units}`);
      throw new AppError('deploy.not-confirmed', `${host}: ${what}; ${wentBack}${units}`);
    }
    case 'back-failed':
      throw failed(`${what}, and it could not go back: ${backFailure(state)}`);
    case 'rolling-back':
      throw failed(
        `${what}, and what took it back was killed in the middle of that; the host may be partly changed`,
      );
    case 'activating':
      throw failed(
        `what watched over ${action} on the host was killed in the middle of it; the host may be partly changed`,
      );
    case undefined:
      throw failed('the host knows nothing of its activation any more: it was rebooted meanwhile');
  }
}

/** Why going back failed. */
export function backFailure(state: ActivationState): string {
  const exit = state['back-exit'] ?? '';
  if (exit === 'nothing') return 'there is no system of before';
  const how = exit === 'timeout' ? 'took too long' : `ended with exit code ${exit}`;
  return `activating ${state.before ?? 'the system of before'} ${how}; the host may be partly changed`;
}

function stays(action: string): string {
  if (action === 'dry-activate') return 'nothing was activated';
  const profile =
    action === 'switch' || action === 'boot' ? ', and the system profile points to the new system' : '';
  return `the host may be partly changed${profile}`;
}
