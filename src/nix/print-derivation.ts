/**
 * Writes a derivation as the ATerm that stands in a `.drv` file (see `parse-derivation.ts` for the format). Outputs,
 * inputs and environment are written in the order they are given; Nix itself writes them sorted bytewise.
 */

import { encodeByteString } from './byte-string.ts';
import type { Derivation } from './derivation.ts';

/** The bytes of the file; the inverse of `parseDerivation`. */
export function printDerivation(drv: Derivation): Uint8Array {
  const outputs = Array.from(drv.outputs, ([name, output]) =>
    tuple([quote(name), quote(output.path ?? ''), quote(output.hashAlgorithm), quote(output.hash)]),
  );
  const inputs = Array.from(drv.inputDerivations, ([path, names]) => tuple([quote(path), strings(names)]));
  const env = Array.from(drv.env, ([name, value]) => tuple([quote(name), quote(value)]));
  const fields = [
    list(outputs),
    list(inputs),
    strings(drv.inputSources),
    quote(drv.platform),
    quote(drv.builder),
    strings(drv.args),
    list(env),
  ];
  return encodeByteString(`Derive${tuple(fields)}`);
}

function strings(texts: readonly string[]): string {
  return list(texts.map(quote));
}

function list(items: readonly string[]): string {
  return `[${items.join(',')}]`;
}

function tuple(items: readonly string[]): string {
  return `(${items.join(',')})`;
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function quote(text: string): string {
  return `"${text.replace(/["\\\n\r\t]/g, (character) => escapes[character] ?? `\\${character}`)}"`;
}
