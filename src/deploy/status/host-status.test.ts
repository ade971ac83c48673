import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import type { HostFacts } from '../session/host-facts.ts';
import { hostStatus } from './host-status.ts';

const path = (digit: string) => parseStorePath(`/nix/store/${digit.repeat(32)}-nixos-system-web`);
const [one, two, manual] = [path('1'), path('2'), path('3')];
const facts = (change: Partial<HostFacts> = {}): HostFacts => ({
  current: one,
  booted: one,
  profile: one,
  generation: 1,
  generations: [],
  bootId: 'b',
  needsReboot: false,
  failedUnits: [],
  freeBytes: 1,
  user: 'root',
  hasSystemd: true,
  trusted: true,
  activation: undefined,
  ...change,
});
const nothing = { built: undefined, deployed: undefined, lastRollout: undefined };

describe('hostStatus', () => {
  it.each([
    [one, { built: one, deployed: one }, 'current'],
    [one, { built: one, deployed: two }, 'current'],
    [one, { built: two, deployed: one }, 'behind'],
    [one, { built: two }, 'behind'],
    [one, { deployed: one }, 'current'],
    [manual, { built: two, deployed: one }, 'drifted'],
    [manual, { deployed: one }, 'drifted'],
    [undefined, { deployed: one }, 'drifted'],
    [one, {}, 'unknown'],
  ])('of one that runs %s, with %j, is %s', (current, desired, standing) => {
    const status = hostStatus(
      'web',
      { reachable: true, facts: facts({ current }) },
      { ...nothing, ...desired },
    );

    expect(status.standing).toBe(standing);
  });

  it('says what else there is to say', () => {
    const said = facts({
      profile: two,
      needsReboot: true,
      failedUnits: ['nginx.service'],
      activation: { rollout: 'r1', state: 'waiting' },
    });

    expect(
      hostStatus('web', { reachable: true, facts: said }, { ...nothing, built: one, lastRollout: 'r0' }),
    ).toEqual({
      host: 'web',
      standing: 'current',
      desired: one,
      current: one,
      booted: one,
      profile: two,
      needsReboot: true,
      bootsOther: true,
      failedUnits: ['nginx.service'],
      lastRollout: 'r0',
      activation: 'r1: waiting',
      why: undefined,
    });
  });

  it('of one that cannot be reached is what should be', () => {
    expect(
      hostStatus('web', { reachable: false, why: 'no route' }, { ...nothing, deployed: one }),
    ).toMatchObject({ standing: 'unreachable', desired: one, current: undefined, why: 'no route' });
  });
});
