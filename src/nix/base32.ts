/**
 * Nix's base 32: how hashes stand in store paths and narinfos.
 *
 * The bytes are one little-endian number, written with its most significant digit first, five bits to the digit;
 * the digits are `0-9a-z` without `e`, `o`, `t` and `u`. The first digit may carry bits beyond the last byte, which
 * must be zero: otherwise two texts would mean the same bytes. Source: libutil/base-nix-32.cc.
 */

import { AppError } from '../util/app-error.ts';

const alphabet = '0123456789abcdfghijklmnpqrsvwxyz';

/** The value of each ASCII character, 255 for those that are no digit. */
const digitOf = new Uint8Array(128).fill(255);
for (let digit = 0; digit < alphabet.length; digit++) digitOf[alphabet.charCodeAt(digit)] = digit;

/** The number of digits that `size` bytes take. */
export function base32Length(size: number): number {
  return Math.ceil((size * 8) / 5);
}

/** The bytes in nix32, e.g. 32 bytes as 52 digits. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  for (let n = base32Length(bytes.length) - 1; n >= 0; n--) {
    const bit = n * 5;
    const byte = bit >> 3;
    const low = (bytes[byte] ?? 0) >> (bit & 7);
    const high = (bytes[byte + 1] ?? 0) << (8 - (bit & 7));
    text += alphabet[(low | high) & 31];
  }
  return text;
}

/** The bytes that a nix32 text stands for; throws `hash.invalid` for anything `encodeBase32` never writes. */
export function decodeBase32(text: string): Uint8Array {
  const size = Math.floor((text.length * 5) / 8);
  if (base32Length(size) !== text.length) {
    throw invalid(text, `no whole number of bytes has ${text.length} digits`);
  }
  const bytes = new Uint8Array(size);
  for (let n = 0; n < text.length; n++) {
    const at = text.length - 1 - n;
    const digit = digitOf[text.charCodeAt(at)] ?? 255;
    if (digit === 255) throw invalid(text, `${JSON.stringify(text[at])} is not a digit`);
    const bit = n * 5;
    const byte = bit >> 3;
    const shifted = digit << (bit & 7);
    bytes[byte] = (bytes[byte] ?? 0) | (shifted & 255);
    if (shifted > 255) {
      if (byte + 1 === size) throw invalid(text, 'its first digit is too large');
      bytes[byte + 1] = shifted >> 8;
    }
  }
  return bytes;
}

function invalid(text: string, reason: string): AppError {
  return new AppError('hash.invalid', `wanted nix32, got ${JSON.stringify(text.slice(0, 300))}: ${reason}`);
}
