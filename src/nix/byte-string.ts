/**
 * Byte strings: bytes that are nearly always UTF-8 text, kept as JS strings. Nix's strings, file names and link
 * targets are bytes with no encoding. What is UTF-8 decodes as usual; each byte that is not becomes the lone surrogate
 * U+DC00 plus the byte (as Python's `surrogateescape` does), which no valid text contains. So texts are readable,
 * can be compared and be keys of a map, and encoding gives back exactly the same bytes.
 */

import { isUtf8 } from 'node:buffer';

/** The bytes as a string that `encodeByteString` turns back into the same bytes. */
export function decodeByteString(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  let text = '';
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer[at] ?? 0);
    const sequence = buffer.subarray(at, at + length);
    if (isUtf8(sequence)) {
      text += sequence.toString('utf8');
      at += length;
    } else {
      text += String.fromCharCode(0xdc00 + (buffer[at] ?? 0));
      at += 1;
    }
  }
  return text;
}

/**
 * The bytes of a byte string. A lone surrogate that stands for no byte cannot come from `decodeByteString`; it is
 * written as U+FFFD, as JS does everywhere.
 */
export function encodeByteString(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character));
  }
  return Buffer.concat(parts);
}

/** How many bytes a UTF-8 sequence takes that starts with this byte. */
function sequenceLength(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}
