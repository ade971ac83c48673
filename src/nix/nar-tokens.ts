/**
 * The tokens of a NAR (Nix archive). Every token is a string: its length as a little-endian u64, its bytes, and zeros
 * up to a multiple of 8. Grammar:
 *
 *     nar  = "nix-archive-1" node
 *     node = "(" "type" ( "regular" ["executable" ""] "contents" BYTES
 *                       | "symlink" "target" TARGET
 *                       | "directory" { "entry" "(" "name" NAME "node" node ")" } ) ")"
 *
 * The entries of a directory stand in strictly increasing order of their bytes. Source: libutil/archive.cc.
 */

import { encodeByteString } from './byte-string.ts';

/** How many zeros follow `length` bytes. */
export function padding(length: number): number {
  return (8 - (length % 8)) % 8;
}

/** A token: length, bytes (a text is a byte string), zeros. */
export function narString(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? encodeByteString(value) : value;
  const token = Buffer.alloc(8 + bytes.length + padding(bytes.length));
  writeLength(token, bytes.length);
  token.set(bytes, 8);
  return token;
}

/** The token that opens every NAR. */
export const narMagic: Buffer = narString('nix-archive-1');

const regular = tokens('(', 'type', 'regular');
const executable = tokens('executable', '');
const contents = tokens('contents');

/** All that stands before the bytes of a file, its length included. After them come `padding(size)` zeros and `nodeEnd`. */
export function regularStart(size: number, isExecutable: boolean): Buffer {
  const length = Buffer.alloc(8);
  writeLength(length, size);
  return Buffer.concat(isExecutable ? [regular, executable, contents, length] : [regular, contents, length]);
}

/** A whole symlink node. */
export function symlinkNode(target: string | Uint8Array): Buffer {
  return Buffer.concat([symlink, narString(target), nodeEnd]);
}

/** Opens a directory node; its entries and `nodeEnd` follow. */
export const directoryStart: Buffer = tokens('(', 'type', 'directory');

/** Opens an entry of a directory; its node and `nodeEnd` follow. */
export function entryStart(name: string | Uint8Array): Buffer {
  return Buffer.concat([entry, narString(name), node]);
}

/** Closes a node, and closes an entry. */
export const nodeEnd: Buffer = tokens(')');

const symlink = tokens('(', 'type', 'symlink', 'target');
const entry = tokens('entry', '(', 'name');
const node = tokens('node');

function tokens(...words: readonly string[]): Buffer {
  return Buffer.concat(words.map(narString));
}

function writeLength(buffer: Buffer, length: number): void {
  buffer.writeUInt32LE(length % 2 ** 32, 0);
  buffer.writeUInt32LE(Math.floor(length / 2 ** 32), 4);
}
