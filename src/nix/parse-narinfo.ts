/**
 * Reads a narinfo, strictly: every line is `Name: value` and ends in a newline, with no carriage return anywhere.
 * Names that are not known are skipped, as Nix skips them; only `Sig` may come more than once. Without `Compression`
 * (or with an empty one) the NAR is compressed with bzip2. Source: libstore/nar-info.cc.
 */

import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { type Hash, parseHash } from './hash.ts';
import { parseKeyText, signatureSize } from './key-text.ts';
import type { NarInfo } from './narinfo.ts';
import { parseStorePath, type StorePath, storePathFromBaseName } from './store-path.ts';

/** Fields that are there at most once. */
const singleFields: ReadonlySet<string> = new Set([
  'StorePath',
  'URL',
  'Compression',
  'FileHash',
  'FileSize',
  'NarHash',
  'NarSize',
  'References',
  'Deriver',
  'System',
  'CA',
]);

/** The narinfo; throws `nix.narinfo-invalid` naming `what` and the field that is wrong. */
export function parseNarInfo(text: string, what: string): NarInfo {
  const { fields, signatures } = splitLines(text, what);

  /** The field read by `read`, whose failure is told with the name of the field. */
  const optional = <T>(name: string, read: (value: string) => T): T | undefined => {
    const value = fields.get(name);
    if (value === undefined) return undefined;
    try {
      return read(value);
    } catch (cause) {
      throw new AppError('nix.narinfo-invalid', `${what}, field ${name}: ${errorMessage(cause)}`, { cause });
    }
  };
  const required = <T>(name: string, read: (value: string) => T): T => {
    const value = optional(name, read);
    if (value === undefined) throw new AppError('nix.narinfo-invalid', `${what}: it has no ${name}`);
    return value;
  };

  return {
    storePath: required('StorePath', parseStorePath),
    url: required('URL', readNonEmpty),
    compression: optional('Compression', (value) => value || 'bzip2') ?? 'bzip2',
    fileHash: optional('FileHash', (value) => parseHash(value)),
    fileSize: optional('FileSize', readSize),
    narHash: required('NarHash', readNarHash),
    narSize: required('NarSize', readNarSize),
    references: optional('References', readReferences) ?? [],
    deriver: optional('Deriver', readDeriver),
    system: optional('System', readNonEmpty),
    signatures,
    contentAddress: optional('CA', readNonEmpty),
  };
}

function splitLines(
  text: string,
  what: string,
): { readonly fields: ReadonlyMap<string, string>; readonly signatures: readonly string[] } {
  const fields = new Map<string, string>();
  const signatures: string[] = [];
  const lines = text.split('\n');
  const fail = (at: number, problem: string): never => {
    throw new AppError('nix.narinfo-invalid', `${what}, line ${at + 1}: ${problem}`);
  };
  if (lines.pop() !== '') fail(lines.length, 'it does not end in a newline');
  for (const [at, line] of lines.entries()) {
    const match = /^([^\s:]+): ([^\r\0]*)$/.exec(line);
    const [, name = '', value = ''] =
      match ?? fail(at, `wanted "Name: value", got ${JSON.stringify(line.slice(0, 300))}`);
    if (name === 'Sig') {
      const { problem } = parseKeyText(value, signatureSize);
      if (problem !== undefined) fail(at, `the signature ${JSON.stringify(value.slice(0, 300))} ${problem}`);
      signatures.push(value);
    } else if (singleFields.has(name)) {
      if (fields.has(name)) fail(at, `${name} is there twice`);
      fields.set(name, value);
    }
  }
  return { fields, signatures };
}

function readNonEmpty(value: string): string {
  if (value === '') throw new Error('it is empty');
  return value;
}

function readSize(value: string): number {
  const size = Number(value);
  if (/^[0-9]+$/.test(value) && Number.isSafeInteger(size)) return size;
  throw new Error(`wanted a number of bytes, got ${JSON.stringify(value.slice(0, 300))}`);
}

function readNarSize(value: string): number {
  const size = readSize(value);
  if (size === 0) throw new Error('no NAR has 0 bytes');
  return size;
}

function readNarHash(value: string): Hash {
  const hash = parseHash(value);
  if (hash.algorithm !== 'sha256') throw new Error(`wanted sha256, got ${hash.algorithm}`);
  return hash;
}

/** Nix keeps them as a set, so the order and repetitions mean nothing. */
function readReferences(value: string): readonly StorePath[] {
  const names = value.split(' ').filter((name) => name !== '');
  return [...new Set(names)].sort().map(storePathFromBaseName);
}

function readDeriver(value: string): StorePath | undefined {
  return value === 'unknown-deriver' ? undefined : storePathFromBaseName(value);
}
