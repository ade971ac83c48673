/**
 * The address of a repository of the older kinds (hg, svn, bzr, darcs): an absolute path, or a URL with one of the
 * schemes that the program knows. It goes on command lines and into files of those programs as it is, so there may be
 * no password in it; they have ways of their own to be told one.
 */

import { splitUrl } from './split-url.ts';
import { invalidValue } from './value-problem.ts';

/** Throws `input.invalid`. */
export function checkAddress(text: string, schemes: readonly string[]): string {
  const wanted = `an absolute path or an address that begins with ${schemes.map((name) => `${name}://`).join(', ')}`;
  if (/[\u0000-\u0020\u007f]/.test(text)) throw invalidValue(wanted, text);
  if (text.startsWith('/')) return text;
  const url = splitUrl(text);
  if (url?.userInfo?.includes(':')) {
    throw invalidValue(
      'an address without a password (the program has its own configuration for them)',
      'one with it',
    );
  }
  const isLocal = url?.scheme === 'file:';
  if (url === undefined || !schemes.includes(url.scheme.slice(0, -1)) || isLocal !== (url.host === '')) {
    throw invalidValue(wanted, text);
  }
  if (url.host.startsWith('-') || url.userInfo?.startsWith('-')) throw invalidValue(wanted, text);
  return text;
}

/** The words of a value, of which there may be so many. Throws `input.invalid` that says the form. */
export function splitWords(value: string, most: number, form: string): readonly [string, ...string[]] {
  const [first, ...others] = value.split(/[ \t\r\n]+/).filter((word) => word !== '');
  if (first === undefined || others.length >= most) throw invalidValue(form, value);
  return [first, ...others];
}
