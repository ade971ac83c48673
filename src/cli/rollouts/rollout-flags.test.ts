import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../deploy/rollout/default-policy.ts';
import {
  policyOf,
  type RolloutFlags,
  wavesOf,
  withActivationFlags,
  withOrderFlags,
} from './rollout-flags.ts';

function parse(line: string): RolloutFlags {
  const command = withActivationFlags(withOrderFlags(new Command()))
    .exitOverride()
    .configureOutput({ writeErr() {} });
  return command.parse(line.split(' ').filter(Boolean), { from: 'user' }).opts();
}

describe('the flags of a rollout', () => {
  it('are the default policy when there are none', () => {
    expect(policyOf(parse(''))).toEqual(defaultPolicy);
  });

  it('say everything that a policy has', () => {
    const flags = parse(
      '--parallel 8 --max-unavailable 2 --failure-budget 3 --soak 10m --window 22:00-06:00 --window 12:00-13:00 ' +
        '--unreachable queue --queue-for 2h --no-rollback --confirm-timeout 60 --timeout 5s --activation-timeout 1h ' +
        '--reboot-timeout 0',
    );

    expect(policyOf(flags)).toEqual({
      parallel: 8,
      maxUnavailable: 2,
      failureBudget: 3,
      soak: 600,
      unreachable: 'queue',
      queueFor: 7200,
      rollBack: false,
      activationTimeout: 3600,
      confirmTimeout: 60,
      checkTimeout: 5,
      rebootTimeout: 0,
      windows: [
        { days: [0, 1, 2, 3, 4, 5, 6], from: 1320, to: 360 },
        { days: [0, 1, 2, 3, 4, 5, 6], from: 720, to: 780 },
      ],
    });
  });

  it('queue for an hour when they do not say how long', () => {
    expect(policyOf(parse('--unreachable queue')).queueFor).toBe(3600);
  });

  it.each([
    ['--parallel 0', "wanted a whole number of at least 1, got '0'"],
    ['--failure-budget -1', "wanted a whole number of at least 0, got '-1'"],
    ['--soak soon', "wanted a time such as 90, 90s, 10m, 2h or 1d, got 'soon'"],
    ['--soak 1.5h', 'wanted a time'],
    ['--unreachable maybe', 'Allowed choices are fail, skip, queue'],
  ])('refuse %s', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  it('form waves by size, by canary and by the tags that order hosts', () => {
    expect(wavesOf(parse('--canary 2 --waves 50%,rest'), ['db'])).toEqual({
      canary: 2,
      sizes: [{ type: 'percent', percent: 50 }, { type: 'rest' }],
      byTag: undefined,
    });
    expect(wavesOf(parse('--waves-by-tag'), ['db'])).toMatchObject({ byTag: ['db'] });
    expect(() => wavesOf(parse('--waves-by-tag'), [])).toThrow('--waves-by-tag needs tags');
  });
});
