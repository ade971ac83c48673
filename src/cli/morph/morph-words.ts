/**
 * The words of a command line as Morph's parser (kingpin) takes them apart, one after the other: `--flag`, `--flag=value`
 * (two words: the value is an argument, whatever it looks like), `@file` (its lines, but for empty ones and those that
 * begin with `#`), and after `--` only arguments.
 */

import { AppError } from '../../util/app-error.ts';

export type MorphWord =
  | { readonly type: 'flag' | 'short' | 'arg'; readonly text: string }
  | { readonly type: 'end' };

export interface MorphWords {
  /** The next word, which stays where it is. */
  peek(): MorphWord;
  take(): MorphWord;
  /** What follows is arguments as they stand. */
  argsOnly(): void;
}

/** `read` gives the text of a file. Taking a word throws `usage.invalid` when a file cannot be read. */
export function morphWords(argv: readonly string[], read: (file: string) => string): MorphWords {
  let rest = [...argv];
  let onlyArgs = false;
  const ready: MorphWord[] = [];

  const next = (): MorphWord => {
    const word = rest.shift();
    if (word === undefined) return { type: 'end' };
    if (onlyArgs) return { type: 'arg', text: word };
    if (word === '--') {
      onlyArgs = true;
      return next();
    }
    if (word.startsWith('--')) {
      const at = word.indexOf('=');
      if (at === -1) return { type: 'flag', text: word.slice(2) };
      ready.push({ type: 'arg', text: word.slice(at + 1) });
      return { type: 'flag', text: word.slice(2, at) };
    }
    if (word.startsWith('-')) return { type: 'short', text: Array.from(word)[1] ?? '' };
    if (word.startsWith('@')) {
      rest = [...lines(word.slice(1), read), ...rest];
      return next();
    }
    return { type: 'arg', text: word };
  };

  return {
    peek() {
      const word = ready[0] ?? next();
      if (ready[0] !== word) ready.unshift(word);
      return word;
    },
    take: () => ready.shift() ?? next(),
    argsOnly() {
      onlyArgs = true;
    },
  };
}

function lines(file: string, read: (file: string) => string): readonly string[] {
  try {
    return read(file)
      .split(/\r?\n/)
      .filter((line) => line !== '' && !line.startsWith('#'));
  } catch (cause) {
    throw new AppError(
      'usage.invalid',
      `failed to open arguments file "${file}": open ${file}: no such file or directory`,
      { cause },
    );
  }
}
