import { describe, expect, it } from 'vitest';
import { splitCommandWords } from './split-command-words.ts';

describe('splitCommandWords', () => {
  it('leaves other commands alone', () => {
    expect(splitCommandWords(['build', 'exec'])).toBeUndefined();
    expect(splitCommandWords([])).toBeUndefined();
  });

  it.each([
    ['exec net.nix uname -a', 'exec net.nix', 'uname -a'],
    [
      '--json exec --on web* --sudo net.nix cat @file --json',
      '--json exec --on web* --sudo net.nix',
      'cat @file --json',
    ],
    ['exec --on=a --limit 1 net.nix -- id', 'exec --on=a --limit 1 net.nix', 'id'],
    ['exec @flags net.nix id', 'exec @flags net.nix', 'id'],
    ['exec --help', 'exec --help', ''],
  ])('%s', (line, own, rest) => {
    expect(splitCommandWords(line.split(' '))).toEqual({
      own: own.split(' '),
      rest: rest === '' ? [] : rest.split(' '),
    });
  });
});
