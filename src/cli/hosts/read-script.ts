/** A script for hosts, which goes there on the standard input of the shell that runs it. */

import { readFile } from 'node:fs/promises';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

export interface Script {
  readonly content: Uint8Array;
  /** Reads it from its standard input. */
  readonly shell: 'sh' | 'bash';
}

/** Throws `usage.invalid` when the file cannot be read, or its first line names something else than a shell. */
export async function readScript(file: string): Promise<Script> {
  const content = await readFile(file).catch((cause: unknown) => {
    throw new AppError('usage.invalid', `cannot read the script ${file}: ${errorMessage(cause)}`, { cause });
  });
  const first = content.toString('latin1', 0, 200).split('\n')[0] ?? '';
  if (!first.startsWith('#!')) return { content, shell: 'sh' };
  const program = /^#!\s*(?:\S*\/env\s+)?(?:\S*\/)?([\w.-]+)/.exec(first)?.[1];
  if (program === 'sh' || program === 'bash') return { content, shell: program };
  throw new AppError(
    'usage.invalid',
    `${file} is a script for ${program ?? first}: --script takes those for sh and bash, which read them from standard input`,
  );
}
