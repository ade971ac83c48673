/**
 * Patterns for host names as Morph reads them (its library is gobwas/glob, without separators): `*` and `**` any
 * text, `?` one character, `[abc]` `[a-z]` `[!a]` a character of a set or of one range, `{a,b}` alternatives, which may be
 * patterns and nest, `\` takes the next character as it is. A pattern matches the whole name, with case.
 */

import { AppError } from '../util/app-error.ts';

/** A test for host names. Throws `usage.invalid` when the pattern is not closed or a set makes no sense. */
export function hostGlob(pattern: string): (name: string) => boolean {
  const reader = new PatternReader(pattern);
  const source = alternatives(reader, 0);
  const regex = new RegExp(`^(?:${source})$`, 'su');
  return (name) => regex.test(name);
}

class PatternReader {
  readonly pattern: string;
  readonly #characters: readonly string[];
  #next = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
    this.#characters = Array.from(pattern);
  }

  peek(): string | undefined {
    return this.#characters[this.#next];
  }

  take(): string | undefined {
    const character = this.peek();
    this.#next += 1;
    return character;
  }

  /** The next character where one must follow. */
  need(what: string): string {
    return this.take() ?? this.fail(`${what} is not closed`);
  }

  fail(problem: string): never {
    throw new AppError('usage.invalid', `the pattern '${this.pattern}' cannot be read: ${problem}`);
  }
}

/** Up to the end, or inside braces (depth > 0) up to and including the closing one. */
function alternatives(reader: PatternReader, depth: number): string {
  let source = '';
  while (true) {
    const character = reader.take();
    if (character === undefined) return depth === 0 ? source : reader.fail("a '{' is not closed");
    if (depth > 0 && character === '}') return source;
    if (depth > 0 && character === ',') source += '|';
    else source += term(character, reader, depth);
  }
}

function term(character: string, reader: PatternReader, depth: number): string {
  switch (character) {
    case '*':
      while (reader.peek() === '*') reader.take();
      return '.*';
    case '?':
      return '.';
    case '[':
      return set(reader);
    case '{':
      return `(?:${alternatives(reader, depth + 1)})`;
    case '\\':
      return literal(reader.take() ?? '');
    default:
      return literal(character);
  }
}

/** One range, or a list of characters; never both. */
function set(reader: PatternReader): string {
  let not = '';
  if (reader.peek() === '!') {
    reader.take();
    not = '^';
  }
  const characters: string[] = [];
  let character = reader.need("a '['");
  if (reader.peek() === '-') {
    reader.take();
    const high = reader.need("a '['");
    if (reader.take() !== ']') reader.fail(`after the range ${character}-${high} there must be a ']'`);
    if (high < character) reader.fail(`the range ${character}-${high} is empty`);
    return `[${not}${inSet(character)}-${inSet(high)}]`;
  }
  while (character !== ']') {
    characters.push(character === '\\' ? reader.need("a '['") : character);
    character = reader.need("a '['");
  }
  if (characters.length === 0) reader.fail('a set is empty');
  return `[${not}${characters.map(inSet).join('')}]`;
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
}

function inSet(character: string): string {
  return character.replace(/[\\^\-[\]]/, '\\$&');
}
