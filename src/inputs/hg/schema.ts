/** The value of a Mercurial input: `ADDRESS [BRANCH|TAG|REVISION]`, `default` where nothing is said. */

import { checkAddress, splitWords } from '../address.ts';
import { invalidValue } from '../value-problem.ts';

export interface HgValue {
  readonly address: string;
  readonly id: string;
}

/** Throws `input.invalid`. */
export function parseHgValue(value: string): HgValue {
  const [address, id = 'default'] = splitWords(value, 2, 'ADDRESS [BRANCH|TAG|REVISION]');
  // Mercurial has a language for revisions; a name is all that is wanted of it.
  if (!/^[\p{L}\p{N}_.][\p{L}\p{N}_./+-]*$/u.test(id))
    throw invalidValue('the name of a branch, tag or revision', id);
  return { address: checkAddress(address, ['https', 'http', 'ssh', 'file']), id };
}
