import { describe, expect, it } from 'vitest';
import { buildIdOf } from './build-id-of.ts';

const rest = 'cdef'.repeat(9).padEnd(38, '0');

describe('buildIdOf', () => {
  it('is where debug information lies', () => {
    expect(buildIdOf(['lib', 'debug', '.build-id', 'ab', `${rest}.debug`])).toBe(`ab${rest}`);
  });

  it.each([
    [['lib', 'debug', '.build-id', 'ab', `${rest}`]],
    [['lib', 'debug', '.build-id', 'ab', `${rest.slice(1)}.debug`]],
    [['lib', 'debug', '.build-id', 'abc', `${rest}.debug`]],
    [['lib', 'debug', '.build-id', 'AB', `${rest}.debug`]],
    [['lib', 'debug', '.build-id', 'ab', `${rest}.debug`, 'x']],
    [['share', 'lib', 'debug', '.build-id', 'ab', `${rest}.debug`]],
    [[]],
  ])('is nowhere else: %j', (names) => {
    expect(buildIdOf(names)).toBeUndefined();
  });
});
