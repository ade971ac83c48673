import { expect, it } from 'vitest';
import { parseDispatchArgs } from './parse-dispatch-args.ts';

it('measures everything unless told otherwise', () => {
  expect(parseDispatchArgs([])).toEqual({
    rounds: 7,
    builds: 100_000,
    cases: ['graph', 'chain', 'remote', 'restart'],
  });
  expect(parseDispatchArgs(['--rounds', '2', '--case', 'chain', '--builds', '10'])).toEqual({
    rounds: 2,
    builds: 10,
    cases: ['chain'],
  });
});

it('says what it wanted', () => {
  expect(() => parseDispatchArgs(['--rounds', '0'])).toThrow(
    "--rounds wants a whole number of 1 or more, got '0'",
  );
  expect(() => parseDispatchArgs(['--case', 'all'])).toThrow(
    '--case wants one of graph, chain, remote, restart',
  );
  expect(() => parseDispatchArgs(['--fast'])).toThrow('--fast');
});
