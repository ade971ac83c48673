import { expect, it } from 'vitest';
import { parseLoopArgs } from './parse-loop-args.ts';

it('has defaults, and takes what is said', () => {
  expect(parseLoopArgs([])).toEqual({
    rounds: 5,
    builds: 100_000,
    nixpkgs: undefined,
    cases: ['push', 'restart'],
  });
  expect(parseLoopArgs(['--rounds', '2', '--case', 'push', '--nixpkgs', '/n'])).toMatchObject({
    rounds: 2,
    cases: ['push'],
    nixpkgs: '/n',
  });
});

it.each([
  [['--rounds', '0'], '--rounds wants a whole number'],
  [['--builds', 'x'], '--builds wants a whole number'],
  [['--case', 'x'], "--case wants one of push, restart, got 'x'"],
])('refuses %j', (args, message) => {
  expect(() => parseLoopArgs(args)).toThrow(message);
});
