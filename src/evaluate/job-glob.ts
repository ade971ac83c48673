/**
 * Patterns for job names as `fnmatch` without flags reads them, which is what aggregates with `_hydraGlobConstituents`
 * use: `*` any text, dots too; `?` one character; `[a-z]`, `[!a-z]` one of a set; `\` takes the next character as it is.
 * Source: POSIX, XCU 2.13 and fnmatch(3).
 */

/** A test for job names. */
export function jobGlob(pattern: string): (name: string) => boolean {
  let source = '';
  for (let rest = pattern; rest !== ''; ) {
    const [whole, regex] = nextPart(rest);
    source += regex;
    rest = rest.slice(whole.length);
  }
  const regex = new RegExp(`^${source}$`, 'su');
  return (name) => regex.test(name);
}

const bracket = /^\[(?<not>[!^]?)(?<members>\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]/su;
const classes: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
};

/** The first part of a pattern, and the regular expression for it. */
function nextPart(pattern: string): readonly [part: string, regex: string] {
  const [first = ''] = pattern;
  if (first === '*') return ['*', '.*'];
  if (first === '?') return ['?', '.'];
  if (first === '[') {
    const set = bracket.exec(pattern);
    // One that is not closed stands for itself.
    if (set?.groups !== undefined) {
      return [set[0], `[${set.groups.not === '' ? '' : '^'}${members(set.groups.members ?? '')}]`];
    }
  }
  if (first === '\\' && pattern.length > 1) {
    const [, second = ''] = pattern;
    return [`\\${second}`, literal(second)];
  }
  return [first, literal(first)];
}

function members(text: string): string {
  return text.replace(
    /\[:(?<name>[a-z]+):\]|\\(?<escaped>.)|(?<plain>[\\\]^[])/gsu,
    (_, name?: string, escaped?: string, plain?: string) =>
      name === undefined ? inSet(escaped ?? plain ?? '') : (classes[name] ?? ''),
  );
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
}

function inSet(character: string): string {
  return character.replace(/[\\^\-[\]]/u, '\\$&');
}
