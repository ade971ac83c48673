import { describe, expect, it } from 'vitest';
import { parseListsArgs } from './parse-lists-args.ts';

describe('parseListsArgs', () => {
  it('measures SQLite with a million builds unless told otherwise', () => {
    expect(parseListsArgs([])).toEqual({ dialects: ['sqlite'], builds: 1_000_000, rounds: 60 });
    expect(parseListsArgs(['--postgres', '--builds', '50000', '--rounds', '5'])).toEqual({
      dialects: ['postgres'],
      builds: 50_000,
      rounds: 5,
    });
    expect(parseListsArgs(['--postgres', '--sqlite']).dialects).toEqual(['sqlite', 'postgres']);
  });

  it('says what it wanted', () => {
    expect(() => parseListsArgs(['--builds', '12'])).toThrow(
      "--builds wants a whole number of 20000 or more, got '12'",
    );
    expect(() => parseListsArgs(['--rounds', 'x'])).toThrow(
      "--rounds wants a whole number of 5 or more, got 'x'",
    );
    expect(() => parseListsArgs(['--mysql'])).toThrow('--mysql');
  });
});
