/**
 * Reads a derivation file: the ATerm `Derive([outputs],[inputDerivations],[inputSources],"platform","builder",[args],
 * [env])`, with no white space, strings in double quotes with `\"`, `\\`, `\n`, `\r` and `\t`.
 *
 * Strings are bytes: they become byte strings (`byte-string.ts`), so UTF-8 reads as usual and other bytes survive.
 * Whatever this accepts, `printDerivation` prints back byte for byte; spellings that Nix never writes are refused.
 * Source: libstore/derivations.cc.
 */

import { AppError } from '../util/app-error.ts';
import { decodeByteString, encodeByteString } from './byte-string.ts';
import type { Derivation, DerivationOutput } from './derivation.ts';
import { isStorePath, type StorePath } from './store-path.ts';

/** The derivation; throws `nix.derivation-invalid` naming `what` and the byte where it went wrong. */
export function parseDerivation(text: string | Uint8Array, what: string): Derivation {
  return readDerivation(new Reader(typeof text === 'string' ? text : decodeByteString(text), what));
}

function readDerivation(reader: Reader): Derivation {
  reader.start();
  const outputs = new Map<string, DerivationOutput>();
  reader.list(() => {
    reader.expect('(');
    const name = reader.key(outputs);
    reader.expect(',');
    const path = reader.peek('""') ? undefined : reader.storePath();
    if (path === undefined) reader.string();
    reader.expect(',');
    const hashAlgorithm = reader.string();
    reader.expect(',');
    outputs.set(name, { path, hashAlgorithm, hash: reader.string() });
    reader.expect(')');
  });
  reader.expect(',');
  const inputDerivations = new Map<StorePath, readonly string[]>();
  reader.list(() => {
    reader.expect('(');
    const path = reader.storePath();
    if (inputDerivations.has(path)) throw reader.error(`${path} is listed twice`);
    reader.expect(',');
    inputDerivations.set(path, reader.strings());
    reader.expect(')');
  });
  reader.expect(',');
  const inputSources: StorePath[] = [];
  reader.list(() => inputSources.push(reader.storePath()));
  reader.expect(',');
  const platform = reader.string();
  reader.expect(',');
  const builder = reader.string();
  reader.expect(',');
  const args = reader.strings();
  reader.expect(',');
  const env = new Map<string, string>();
  reader.list(() => {
    reader.expect('(');
    const name = reader.key(env);
    reader.expect(',');
    env.set(name, reader.string());
    reader.expect(')');
  });
  reader.expect(')');
  reader.end();
  return { outputs, inputDerivations, inputSources, platform, builder, args, env };
}

const escapes: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', r: '\r', t: '\t' };

/** A position in the text. Strings without an escape, nearly all of them, are cut out by `indexOf` alone. */
class Reader {
  readonly #text: string;
  readonly #what: string;
  #at = 0;
  /** The first backslash at or after `#at`, so that the text is searched for backslashes only once. */
  #backslash: number;

  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
    this.#backslash = this.#next('\\');
  }

  start(): void {
    if (this.peek('DrvWithVersion(')) {
      throw this.error(
        'it uses dynamic derivations (an experimental feature of Nix), which are not supported',
      );
    }
    this.expect('Derive(');
    for (const character of ['\n', '\r', '\t']) {
      const at = this.#text.indexOf(character);
      if (at !== -1) throw this.error(`wanted the escape of ${JSON.stringify(character)}, got it raw`, at);
    }
  }

  end(): void {
    if (this.#at < this.#text.length) throw this.wanted('the end');
  }

  peek(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  expect(token: string): void {
    if (!this.peek(token)) throw this.wanted(JSON.stringify(token));
    this.#at += token.length;
  }

  /** `[item,item,…]`, each read by `item`. */
  list(item: () => unknown): void {
    this.expect('[');
    if (!this.peek(']')) {
      item();
      while (this.peek(',')) {
        this.#at += 1;
        item();
      }
    }
    this.expect(']');
  }

  strings(): readonly string[] {
    const all: string[] = [];
    this.list(() => all.push(this.string()));
    return all;
  }

  /** A string that `seen` does not have yet. */
  key(seen: ReadonlyMap<string, unknown>): string {
    const from = this.#at;
    const text = this.string();
    if (seen.has(text)) throw this.error(`${JSON.stringify(text)} is there twice`, from);
    return text;
  }

  storePath(): StorePath {
    const from = this.#at;
    const text = this.string();
    if (isStorePath(text)) return text;
    throw this.error(`wanted a store path, got ${JSON.stringify(text.slice(0, 300))}`, from);
  }

  string(): string {
    const from = this.#at;
    if (this.#text.charCodeAt(from) !== 0x22) throw this.wanted('a string');
    const close = this.#text.indexOf('"', from + 1);
    if (close === -1) throw this.error('a string has no end', from);
    if (close < this.#backslash) {
      this.#at = close + 1;
      return this.#text.slice(from + 1, close);
    }
    return this.#stringWithEscapes(from);
  }

  #stringWithEscapes(from: number): string {
    const text = this.#text;
    let value = '';
    for (let at = from + 1; ; ) {
      const close = text.indexOf('"', at);
      if (close === -1) throw this.error('a string has no end', from);
      if (close < this.#backslash) {
        this.#at = close + 1;
        return value + text.slice(at, close);
      }
      const escaped = escapes[text[this.#backslash + 1] ?? ''];
      if (escaped === undefined) throw this.error('an escape is unknown', this.#backslash);
      value += text.slice(at, this.#backslash) + escaped;
      at = this.#backslash + 2;
      this.#backslash = this.#next('\\', at);
    }
  }

  #next(character: string, from = 0): number {
    const at = this.#text.indexOf(character, from);
    return at === -1 ? this.#text.length : at;
  }

  wanted(wanted: string): AppError {
    const rest = this.#text.slice(this.#at, this.#at + 30);
    return this.error(`wanted ${wanted}, got ${rest === '' ? 'the end' : JSON.stringify(rest)}`);
  }

  error(problem: string, at = this.#at): AppError {
    const byte = encodeByteString(this.#text.slice(0, at)).length;
    return new AppError('nix.derivation-invalid', `${this.#what}, byte ${byte}: ${problem}`);
  }
}
