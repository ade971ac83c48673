import { describe, expect, it } from 'vitest';
import { parseRolloutArgs } from './parse-rollout-args.ts';

describe('parseRolloutArgs', () => {
  it('has defaults, and takes others', () => {
    expect(parseRolloutArgs([])).toEqual({
      rounds: 3,
      hosts: 16,
      cases: ['plain', 'usual'],
      morph: undefined,
    });
    expect(
      parseRolloutArgs(['--rounds', '1', '--hosts', '4', '--case', 'usual', '--morph', '/bin/morph']),
    ).toEqual({
      rounds: 1,
      hosts: 4,
      cases: ['usual'],
      morph: '/bin/morph',
    });
  });

  it('says what is wrong', () => {
    expect(() => parseRolloutArgs(['--hosts', '0'])).toThrow(
      "--hosts wants a whole number of 1 or more, got '0'",
    );
    expect(() => parseRolloutArgs(['--speed'])).toThrow('--speed');
  });
});
