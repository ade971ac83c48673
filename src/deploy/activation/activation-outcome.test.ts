import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import { activationOutcome } from './activation-outcome.ts';
import type { ActivationState } from './host-verb.ts';

const before = parseStorePath(`/nix/store/${'a'.repeat(32)}-before`);
const failure = (state: ActivationState) => () =>
  activationOutcome('web01', { action: 'switch', before, ...state });

describe('activationOutcome', () => {
  it.each(['active', 'confirmed', 'done', 'kept', 'rebooting'] as const)(
    'is the exit code of what is %s',
    (state) => {
      for (const exit of [0, 4, 100]) {
        expect(activationOutcome('web01', { state, exit: String(exit), action: 'test' })).toBe(exit);
      }
      expect(failure({ state, exit: '' })).toThrow('ended in a way that it does not tell');
    },
  );

  it.each<[ActivationState, string, string]>([
    [
      { state: 'failed', reason: 'profile', exit: '1' },
      'deploy.failed',
      'web01: the system profile could not be set (exit code 1); nothing was activated',
    ],
    [
      { state: 'failed', reason: 'exit', exit: '2' },
      'deploy.failed',
      'web01: switch failed (exit code 2); the host may be partly changed, and the system profile points to the new system',
    ],
    [
      { state: 'failed', reason: 'exit', exit: '2', action: 'test' },
      'deploy.failed',
      'web01: test failed (exit code 2); the host may be partly changed',
    ],
    [
      { state: 'failed', reason: 'exit', exit: '2', action: 'dry-activate' },
      'deploy.failed',
      'web01: dry-activate failed (exit code 2); nothing was activated',
    ],
    [
      { state: 'rolled-back', reason: 'exit', exit: 'timeout', 'back-exit': '4' },
      'deploy.failed',
      `web01: switch failed (it took too long and was ended); it has gone back to ${before}, and some of its units failed`,
    ],
    [
      { state: 'rolled-back', reason: 'unheard', exit: '0', 'back-exit': '0' },
      'deploy.not-confirmed',
      `web01: switch was not confirmed in time; it has gone back to ${before}`,
    ],
    [
      { state: 'back-failed', reason: 'exit', exit: '1', 'back-exit': '1' },
      'deploy.failed',
      `web01: switch failed (exit code 1), and it could not go back: activating ${before} ended with exit code 1; the host may be partly changed`,
    ],
    [
      { state: 'back-failed', reason: 'unheard', exit: '0', 'back-exit': 'nothing' },
      'deploy.failed',
      'web01: switch was not confirmed in time, and it could not go back: there is no system of before',
    ],
    [
      { state: 'activating', alive: 'no' },
      'deploy.failed',
      'web01: what watched over switch on the host was killed in the middle of it; the host may be partly changed',
    ],
    [
      {},
      'deploy.failed',
      'web01: the host knows nothing of its activation any more: it was rebooted meanwhile',
    ],
  ])('says of %j how the host stands', (state, code, message) => {
    expect(failure(state)).toThrow(expect.objectContaining({ code, message }));
  });
});
