/**
 * Logins by host, as curl reads a netrc file: words, `machine NAME` or `default` and after it `login` and `password` in any
 * order and on any line. The first entry of a host counts, its name in any case. Source: lib/netrc.c of curl.
 */

export interface NetrcEntry {
  /** Undefined: for hosts that no entry names. */
  readonly host: string | undefined;
  readonly login: string;
  readonly password: string;
}

export function parseNetrc(text: string): readonly NetrcEntry[] {
  const entries: { host: string | undefined; login: string; password: string }[] = [];
  const words = wordsOf(text);
  for (let at = 0; at < words.length; ) {
    const word = words[at++];
    const entry = entries.at(-1);
    if (word === 'machine') entries.push({ host: words[at++]?.toLowerCase() ?? '', login: '', password: '' });
    else if (word === 'default') entries.push({ host: undefined, login: '', password: '' });
    else if (word === 'login' && entry !== undefined) entry.login = words[at++] ?? '';
    else if (word === 'password' && entry !== undefined) entry.password = words[at++] ?? '';
    else if (word === 'account') at += 1;
  }
  return entries;
}

/** The one that is sent to this host; undefined where none is. */
export function findNetrcEntry(entries: readonly NetrcEntry[], host: string): NetrcEntry | undefined {
  const wanted = host.toLowerCase();
  // What follows a default is never looked at.
  return entries.find((entry) => entry.host === undefined || entry.host === wanted);
}

/** Without comments and macros, which go on to an empty line. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let inMacro = false;
  for (const line of text.split('\n')) {
    if (inMacro) {
      inMacro = line.trim() !== '';
      continue;
    }
    for (const [, quoted, bare] of line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) {
      if (quoted === undefined && bare?.startsWith('#')) break;
      inMacro = quoted === undefined && bare === 'macdef';
      if (inMacro) break;
      words.push(quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'));
    }
  }
  return words;
}
