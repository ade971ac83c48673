/**
 * Which hosts `--on` names: patterns of names (`host-glob.ts`) or, after an `@`, of tags, several with commas between; those
 * after a `!` are left out. Without any that is not left out it begins with all hosts: `!db*,!@test`. What Morph takes means the
 * same here: a comma, an `@` or a `!` outside of brackets matches no name of a host.
 */

import { hostGlob } from './host-glob.ts';

interface Named {
  readonly name: string;
  readonly tags: readonly string[];
}

interface Term {
  readonly leavesOut: boolean;
  readonly matches: (host: Named) => boolean;
}

/** A test for hosts. Throws `usage.invalid` when a pattern cannot be read. */
export function hostExpression(text: string): (host: Named) => boolean {
  const terms = splitTerms(text).map(parseTerm);
  const wanted = terms.filter(({ leavesOut }) => !leavesOut);
  const unwanted = terms.filter(({ leavesOut }) => leavesOut);
  return (host) =>
    (wanted.length === 0 || wanted.some(({ matches }) => matches(host))) &&
    !unwanted.some(({ matches }) => matches(host));
}

function parseTerm(text: string): Term {
  const leavesOut = text.startsWith('!');
  const pattern = leavesOut ? text.slice(1) : text;
  if (pattern.startsWith('@')) {
    const matches = hostGlob(pattern.slice(1));
    return { leavesOut, matches: ({ tags }) => tags.some(matches) };
  }
  const matches = hostGlob(pattern);
  return { leavesOut, matches: ({ name }) => matches(name) };
}

/** At commas that are in no brackets or braces and not after a backslash. One empty term is the pattern of no name. */
function splitTerms(text: string): readonly string[] {
  const terms = [''];
  let depth = 0;
  let isLiteral = false;
  for (const character of text) {
    if (character === ',' && depth === 0 && !isLiteral) {
      terms.push('');
      continue;
    }
    if (!isLiteral && (character === '{' || character === '[')) depth += 1;
    if (!isLiteral && (character === '}' || character === ']')) depth = Math.max(0, depth - 1);
    isLiteral = character === '\\' && !isLiteral;
    terms.push(`${terms.pop() ?? ''}${character}`);
  }
  return terms.length === 1 ? terms : terms.filter((term) => term !== '');
}
