/**
 * `@file` as an argument stands for the lines of the file, as under Morph (kingpin); after `exec`'s first positional
 * nothing is touched. `@` alone and e-mail-like words that do not begin with `@` stay as they are, and so does what
 * follows `--on`: there `@prod` is a tag.
 */

import { readFileSync } from 'node:fs';
import { AppError } from '../util/app-error.ts';

/** The arguments with every `@file` replaced. Throws `usage.invalid` when the file cannot be read. */
export function expandArgumentFiles(
  args: readonly string[],
  read: (file: string) => string = (file) => readFileSync(file, 'utf8'),
): readonly string[] {
  return args.flatMap((arg, index) => {
    if (!arg.startsWith('@') || arg === '@' || args[index - 1] === '--on') return [arg];
    const file = arg.slice(1);
    try {
      return read(file)
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
    } catch (cause) {
      throw new AppError('usage.invalid', `cannot read the argument file ${file} (from ${arg})`, { cause });
    }
  });
}
