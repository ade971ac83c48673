import { describe, expect, it } from 'vitest';
import { activationFailure, profileFailure } from './activation-failure.ts';

describe('activationFailure', () => {
  it('is none for 0', () => {
    expect(activationFailure('web', 'switch', 0)).toBeUndefined();
    expect(profileFailure('web', 0)).toBeUndefined();
  });

  it.each([
    ['switch', 4, 'web: the new system is active, but some units failed (exit code 4)'],
    [
      'switch',
      100,
      'web: the new system needs reboot: it is not active yet, and will be after the next boot (exit code 100)',
    ],
    [
      'test',
      100,
      'web: the new system needs reboot to take effect, which test does not prepare (exit code 100)',
    ],
    [
      'switch',
      1,
      'web: switch failed (exit code 1); the host may be partly changed, and the system profile points to the new system',
    ],
    ['test', 2, 'web: test failed (exit code 2); the host may be partly changed'],
    ['test', null, 'web: test failed (ssh was killed); the host may be partly changed'],
  ] as const)('%s that ends with %s', (action, code, message) => {
    expect(activationFailure('web', action, code)).toMatchObject({ code: 'deploy.failed', message });
  });

  it('tells a lost connection from a failed activation', () => {
    expect(activationFailure('web', 'switch', 255)).toMatchObject({
      code: 'deploy.connection-lost',
      message:
        'web: the connection was lost while switch was running; it may still be, or may have stopped half-way ' +
        '(ssh ended with exit code 255)',
    });
  });
});

describe('profileFailure', () => {
  it('says that nothing was activated', () => {
    expect(profileFailure('web', 1)).toMatchObject({
      code: 'deploy.failed',
      message: 'web: the system profile could not be set (exit code 1); nothing was activated',
    });
    expect(profileFailure('web', 255)).toMatchObject({
      code: 'deploy.connection-lost',
      message: expect.stringContaining('nothing was activated'),
    });
  });
});
