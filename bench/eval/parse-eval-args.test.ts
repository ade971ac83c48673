import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseEvalArgs } from './parse-eval-args.ts';

describe('parseEvalArgs', () => {
  it('has defaults for all', () => {
    expect(parseEvalArgs([])).toEqual({ nixpkgs: undefined, rounds: 5, machines: 8 });
  });

  it('makes the tree absolute, since what is evaluated lies elsewhere', () => {
    const args = parseEvalArgs(['--nixpkgs', 'tree', '--rounds=3', '--machines', '4']);

    expect(args).toEqual({ nixpkgs: path.resolve('tree'), rounds: 3, machines: 4 });
  });

  it.each([
    [['--rounds', '0'], "--rounds wants a whole number of 1 or more, got '0'"],
    [['--rounds', '1.5'], "--rounds wants a whole number of 1 or more, got '1.5'"],
    [['--machines', '1'], "--machines wants a whole number of 2 or more, got '1'"],
    [['--machines', ''], "--machines wants a whole number of 2 or more, got ''"],
    [['--machine', '2'], "Unknown option '--machine'"],
    [['extra'], "Unexpected argument 'extra'"],
  ])('refuses %j', (args, message) => {
    expect(() => parseEvalArgs(args)).toThrow(message);
  });
});
