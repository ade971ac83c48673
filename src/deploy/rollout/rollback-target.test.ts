import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import type { HostFacts } from '../session/host-facts.ts';
import { rollbackTarget } from './rollback-target.ts';

const system = (letter: string) => parseStorePath(`/nix/store/${letter.repeat(32)}-system`);

/** `1a 2b`: generations and their systems. */
function facts(generations: string, generation: number | undefined, current: string): HostFacts {
  return {
    current: system(current),
    booted: undefined,
    profile: undefined,
    generation,
    generations: generations
      .split(' ')
      .filter(Boolean)
      .map((word) => ({ number: Number(word[0]), path: system(word[1]!), time: 0 })),
    bootId: '',
    needsReboot: false,
    failedUnits: undefined,
    freeBytes: 0,
    user: 'root',
    hasSystemd: true,
    trusted: true,
    activation: undefined,
  };
}

describe('rollbackTarget', () => {
  it('is the generation before', () => {
    expect(rollbackTarget('web', facts('3c 2b 1a', 3, 'c'))).toBe(system('b'));
    expect(rollbackTarget('web', facts('1a 3c', 3, 'c'))).toBe(system('a'));
  });

  it('passes by generations of the system that runs, and those that are newer', () => {
    expect(rollbackTarget('web', facts('3c 2c 1a', 3, 'c'))).toBe(system('a'));
    expect(rollbackTarget('web', facts('3c 2b 1a', 2, 'b'))).toBe(system('a'));
  });

  it('is the one that is asked for', () => {
    expect(rollbackTarget('web', facts('3c 2b 1a', 2, 'b'), 3)).toBe(system('c'));
  });

  it('says what there is when there is no such generation', () => {
    expect(() => rollbackTarget('web', facts('3c 2b', 3, 'c'), 7)).toThrow(
      'web: wanted generation 7; its system profile is at generation 3 and has: 3, 2',
    );
    expect(() => rollbackTarget('web', facts('1a', 1, 'a'))).toThrow(
      'wanted an older one with another system',
    );
    expect(() => rollbackTarget('web', facts('', undefined, 'a'))).toThrow(
      'is at generation ? and has: none',
    );
  });
});
