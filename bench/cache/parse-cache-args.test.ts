import { describe, expect, it } from 'vitest';
import { parseCacheArgs } from './parse-cache-args.ts';

describe('parseCacheArgs', () => {
  it('measures everything unless told otherwise', () => {
    expect(parseCacheArgs([])).toEqual({
      rounds: 5,
      paths: 20_000,
      cases: [
        'hits',
        'misses',
        'no-front-door',
        'stored',
        'accel',
        'big',
        'small',
        'delay',
        'memory',
        'others',
      ],
    });
    expect(parseCacheArgs(['--case', 'big', '--case', 'delay', '--rounds', '2'])).toMatchObject({
      rounds: 2,
      cases: ['big', 'delay'],
    });
  });

  it.each([
    [['--case', 'huge'], /--case wants one of hits, .*, got 'huge'/],
    [['--rounds', '0'], /--rounds wants a whole number of 1 or more, got '0'/],
    [['--round', '1'], /--round/],
  ])('refuses %j', (args, message) => {
    expect(() => parseCacheArgs(args)).toThrow(message);
  });
});
