/**
 * The value of a path input: `PATH|URL [SECONDS]`, for how long what was seen there is taken as still so (0 where it is
 * not said: every fetch looks).
 */

import { invalidValue } from '../value-problem.ts';

export interface PathValue {
  readonly from: { readonly path: string } | { readonly url: string };
  readonly validSeconds: number;
}

const wanted = 'an absolute path or an http://, https:// or ftp:// URL, and optionally seconds';

/** Reads a value. Throws `input.invalid`. */
export function parsePathValue(value: string): PathValue {
  const [uri, seconds = '0', ...more] = value.split(/[ \t\r\n]+/).filter((word) => word !== '');
  if (uri === undefined || more.length > 0 || !/^\d{1,9}$/.test(seconds)) throw invalidValue(wanted, value);
  const validSeconds = Number(seconds);
  if (/[\u0000-\u001f\u007f]/.test(uri)) throw invalidValue(wanted, value);
  if (uri.startsWith('/')) return { from: { path: uri }, validSeconds };
  if (!/^(?:https?|ftp):\/\//.test(uri) || !URL.canParse(uri)) throw invalidValue(wanted, value);
  const { username, password } = new URL(uri);
  if (username !== '' || password !== '') {
    // It would be on command lines, and in the store's own records.
    throw invalidValue(
      'a URL without a user and password in it (Nix takes them from its netrc-file)',
      'one with them',
    );
  }
  return { from: { url: uri }, validSeconds };
}
