/** The value of a Subversion input: `ADDRESS [REVISION]`, the newest where none is said. */

import { checkAddress, splitWords } from '../address.ts';
import { invalidValue } from '../value-problem.ts';

export interface SvnValue {
  readonly address: string;
  readonly revision: number | undefined;
}

/** Throws `input.invalid`. */
export function parseSvnValue(value: string): SvnValue {
  const [address, revision] = splitWords(value, 2, 'ADDRESS [REVISION]');
  if (revision !== undefined && !/^\d{1,10}$/.test(revision))
    throw invalidValue('the number of a revision', revision);
  return {
    address: checkAddress(address, ['https', 'http', 'svn', 'svn+ssh', 'file']),
    revision: revision === undefined ? undefined : Number(revision),
  };
}

/** A path is not an address for Subversion, and what follows an `@` would be taken for a revision. */
export function svnTarget(address: string, revision?: number): string {
  const url = address.startsWith('/') ? `file://${encodeURI(address)}` : address;
  return `${url}@${revision ?? ''}`;
}
