import { describe, expect, it } from 'vitest';
import { planOf } from '../testing/plan-of.ts';
import { restOf } from './course-of.ts';
import type { HostStep } from './journal.ts';

const rest = (begun: string, change = {}) =>
  restOf(planOf('switch', [], { uploadSecrets: true, ...change }), begun.split(' ') as HostStep[]).join(' '); // of the test's own

const before = 'begin copy pre-deploy-checks secrets-before';

describe('what is left of a host', () => {
  it('that may not have been activated is copied to again', () => {
    expect(rest(`${before} activate`)).toBe('begin copy activate confirm secrets-after health-checks keep');
    expect(rest(`${before} activate begin copy`)).toBe(
      'begin copy activate confirm secrets-after health-checks keep',
    );
  });

  it('that was activated is asked how that went, and is shown to be there again', () => {
    for (const step of ['confirm', 'confirm secrets-after', 'confirm secrets-after health-checks keep']) {
      expect(rest(`${before} activate ${step}`)).toBe(
        'begin activate confirm secrets-after health-checks keep',
      );
    }
  });

  it('that was rebooting or is up again is not activated again', () => {
    const rebooted = `${before} activate confirm keep reboot`;
    expect(rest(rebooted, { reboot: true })).toBe('begin reboot secrets-after health-checks');
    expect(rest(`${rebooted} begin`, { reboot: true })).toBe('begin reboot secrets-after health-checks');
    expect(rest(`${rebooted} secrets-after`, { reboot: true })).toBe('begin secrets-after health-checks');
    expect(rest('begin pre-deploy-checks secrets-before reboot', { reboot: true })).toBe(
      'begin reboot secrets-after health-checks',
    );
  });

  it('that was going back only goes back, whatever has become right meanwhile', () => {
    expect(rest(`${before} activate confirm health-checks roll-back`)).toBe('begin roll-back');
    expect(rest(`${before} activate roll-back begin`)).toBe('begin roll-back');
  });
});
