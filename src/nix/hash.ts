/**
 * Hashes and their spellings: `sha256:<base16, nix32 or base64>`, and `sha256-<base64>` (SRI). Which of the three
 * follows a colon is told by its length alone, so a hash has exactly one reading. Source: libutil/hash.cc.
 */

import { AppError } from '../util/app-error.ts';
import { base32Length, decodeBase32, encodeBase32 } from './base32.ts';

export type HashAlgorithm = 'md5' | 'sha1' | 'sha256' | 'sha512';

export interface Hash {
  readonly algorithm: HashAlgorithm;
  readonly bytes: Uint8Array;
}

/** How the bytes are written; `sri` is base 64 with its own prefix. */
export type HashForm = 'base16' | 'nix32' | 'base64' | 'sri';

/** Size in bytes. */
const hashSize: Readonly<Record<HashAlgorithm, number>> = { md5: 16, sha1: 20, sha256: 32, sha512: 64 };

/**
 * Reads a hash in any spelling. A bare one, with no prefix, is only read when the algorithm is given; a prefix that
 * says another algorithm is refused. Throws `hash.invalid` naming the text.
 */
export function parseHash(text: string, algorithm?: HashAlgorithm): Hash {
  const separator = text.search(/[:-]/);
  if (separator === -1) {
    if (algorithm === undefined) throw invalid(text, 'it does not say its algorithm');
    return { algorithm, bytes: parseDigits(text, text, algorithm) };
  }
  const prefix = text.slice(0, separator);
  if (!isAlgorithm(prefix)) {
    throw invalid(text, `${JSON.stringify(prefix)} is none of ${Object.keys(hashSize).join(', ')}`);
  }
  if (algorithm !== undefined && prefix !== algorithm) throw invalid(text, `it is not ${algorithm}`);
  const digits = text.slice(separator + 1);
  const bytes =
    text[separator] === '-' ? parseBase64(digits, text, prefix) : parseDigits(digits, text, prefix);
  return { algorithm: prefix, bytes };
}

/** The hash with its prefix: `sha256:…`, or `sha256-…` as SRI. */
export function formatHash(hash: Hash, form: HashForm): string {
  return hash.algorithm + (form === 'sri' ? '-' : ':') + formatBareHash(hash, form);
}

/** The hash without its prefix. */
export function formatBareHash(hash: Hash, form: HashForm): string {
  if (form === 'nix32') return encodeBase32(hash.bytes);
  return asBuffer(hash.bytes).toString(form === 'base16' ? 'hex' : 'base64');
}

/** True when both are the same hash by the same algorithm. */
export function hashesEqual(a: Hash, b: Hash): boolean {
  return a.algorithm === b.algorithm && asBuffer(a.bytes).equals(b.bytes);
}

/** Folds bytes to `size` bytes by XOR, as Nix shortens a sha256 to the 20 bytes of a store path. */
export function compressHash(bytes: Uint8Array, size: number): Uint8Array {
  const folded = new Uint8Array(size);
  bytes.forEach((byte, at) => {
    folded[at % size] = (folded[at % size] ?? 0) ^ byte;
  });
  return folded;
}

function parseDigits(digits: string, text: string, algorithm: HashAlgorithm): Uint8Array {
  const size = hashSize[algorithm];
  if (digits.length === base32Length(size)) return decodeBase32(digits);
  if (digits.length === base64Length(size)) return parseBase64(digits, text, algorithm);
  if (digits.length !== size * 2) {
    throw invalid(
      text,
      `${algorithm} has ${size * 2} digits in base 16, ${base32Length(size)} in nix32 and ` +
        `${base64Length(size)} in base 64, not ${digits.length}`,
    );
  }
  if (!/^[0-9a-fA-F]*$/.test(digits)) throw invalid(text, 'it is not base 16');
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

function parseBase64(digits: string, text: string, algorithm: HashAlgorithm): Uint8Array {
  const bytes = Buffer.from(digits, 'base64');
  if (bytes.length !== hashSize[algorithm] || bytes.toString('base64') !== digits) {
    throw invalid(text, `it is not the base 64 of ${hashSize[algorithm]} bytes`);
  }
  return new Uint8Array(bytes);
}

function base64Length(size: number): number {
  return Math.ceil(size / 3) * 4;
}

function isAlgorithm(text: string): text is HashAlgorithm {
  return Object.hasOwn(hashSize, text);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function invalid(text: string, reason: string): AppError {
  return new AppError('hash.invalid', `wanted a hash, got ${JSON.stringify(text.slice(0, 300))}: ${reason}`);
}
