/**
 * Recognises the requests that make up nearly all traffic of a cache, `GET` and `HEAD` of a narinfo, of the file of a NAR and
 * of `/nix-cache-info`, in the bytes of a connection, and nothing else.
 *
 * It is deliberately no HTTP parser. A request is taken only when it is exactly of one known form: HTTP/1.1, the path
 * written literally, and no header but those of a short list that change nothing about the answer. Whatever differs in
 * any way (a body, a range, a condition, credentials, HTTP/1.0, an upgrade, a folded or malformed line, a request that
 * is not all there yet) is for the real parser of `node:http`, which gets the connection from that byte on. So there is
 * no request that the two could read differently, which is what request smuggling needs.
 *
 * It works on the bytes as they came and makes no text of them, but for a header block that the connection has not sent
 * before: text would cost more than all the rest. What lies beyond `length` belongs to somebody else and is not looked at.
 */

import { hashPartLength } from '../index/hash-part-at.ts';
import { nix32Digits } from '../index/nix32-digits.ts';

/** What was recognised last; used again for each request. */
export interface FastRequest {
  kind: 'narinfo' | 'nar-file' | 'cache-info';
  /** Whether it is a HEAD. */
  head: boolean;
  /** Where the 32 characters of the hash part begin, for a narinfo; for a file, where its name does, and where that ends. */
  nameAt: number;
  nameEnd: number;
  /** Where the next request begins. */
  end: number;
}

/** Remembers the header block that a connection sent last: clients send the same one again and again. */
export interface HeaderMemory {
  /** Its bytes, up to and with the empty line; empty at first. */
  approved: Uint8Array;
}

const encoder = new TextEncoder();
const getStart = encoder.encode('GET /');
const headStart = encoder.encode('HEAD /');
const cacheInfoTail = encoder.encode('nix-cache-info HTTP/1.1\r\n');
const narinfoTail = encoder.encode('.narinfo HTTP/1.1\r\n');
const narFolder = encoder.encode('nar/');
const narEnding = encoder.encode('.nar');
const version = encoder.encode(' HTTP/1.1\r\n');
/** Digits of a sha256. */
const fileHashLength = 52;
/** Longer ones are for the real parser and its limits. */
const maxHeaderBytes = 2048;

/** `name: value` with a value of visible ASCII, spaces and tabs. */
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e]?(?:[\x20-\x7e\t]*[\x21-\x7e])?)[ \t]*$/;
/** Headers that make no difference to these answers; a server in front adds some to say who asks. */
const indifferent = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'pragma',
  'user-agent',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
]);

/**
 * Whether the request that begins at `at` is one of those; it is then described in `request`. Otherwise it is for the real
 * parser, and what `request` says means nothing. `length`: as many bytes have come.
 */
export function fastRequest(
  bytes: Buffer,
  at: number,
  length: number,
  memory: HeaderMemory,
  request: FastRequest,
): boolean {
  request.head = !isAt(bytes, at, length, getStart);
  if (request.head && !isAt(bytes, at, length, headStart)) return false;
  const headers = afterPath(bytes, at + (request.head ? headStart : getStart).length, length, request);
  if (headers === -1) return false;
  request.end = endOfHeaders(bytes, headers, length, memory);
  return request.end !== -1;
}

/** Where the headers begin when the path from `at` on is a known one, which is then described in `request`; -1 otherwise. */
function afterPath(bytes: Buffer, at: number, length: number, request: FastRequest): number {
  const afterHash = at + hashPartLength;
  if (isAt(bytes, afterHash, length, narinfoTail)) {
    request.kind = 'narinfo';
    request.nameAt = at;
    return isNix32(bytes, at, hashPartLength) ? afterHash + narinfoTail.length : -1;
  }
  if (isAt(bytes, at, length, narFolder)) {
    request.kind = 'nar-file';
    request.nameAt = at + narFolder.length;
    request.nameEnd = endOfNarName(bytes, request.nameAt, length);
    return isAt(bytes, request.nameEnd, length, version) ? request.nameEnd + version.length : -1;
  }
  request.kind = 'cache-info';
  return isAt(bytes, at, length, cacheInfoTail) ? at + cacheInfoTail.length : -1;
}

/** Where `<52 digits>.nar`, with the ending of a compression or none, ends; `length` when it is not that. */
function endOfNarName(bytes: Buffer, at: number, length: number): number {
  const afterHash = at + fileHashLength;
  if (!isAt(bytes, afterHash, length, narEnding) || !isNix32(bytes, at, fileHashLength)) return length;
  let end = afterHash + narEnding.length;
  while (end < length && isEndingByte(bytes[end] ?? 0)) end += 1;
  return end;
}

/** Of `.zst` and its like. */
function isEndingByte(byte: number): boolean {
  return byte === 0x2e || (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a);
}

/** False also when not all of it has come. */
function isAt(bytes: Buffer, at: number, length: number, wanted: Uint8Array): boolean {
  if (at + wanted.length > length) return false;
  for (let n = 0; n < wanted.length; n++) if (bytes[at + n] !== wanted[n]) return false;
  return true;
}

function isNix32(bytes: Buffer, at: number, digits: number): boolean {
  let all = 0;
  // One that is no digit is negative, and makes all of it so.
  for (let n = 0; n < digits; n++) all |= nix32Digits[bytes[at + n] ?? 0] ?? -1;
  return all >= 0;
}

/** Where the header block that begins at `start` ends, when all of it is indifferent; -1 otherwise. */
function endOfHeaders(bytes: Buffer, start: number, length: number, memory: HeaderMemory): number {
  const { approved } = memory;
  if (approved.length > 0 && isAt(bytes, start, length, approved)) return start + approved.length;
  const text = bytes.toString('latin1', start, Math.min(length, start + maxHeaderBytes + 4));
  const blank = text.indexOf('\r\n\r\n');
  if (blank === -1 || !isIndifferent(text.slice(0, blank))) return -1;
  const end = start + blank + 4;
  memory.approved = Uint8Array.from(bytes.subarray(start, end));
  return end;
}

function isIndifferent(block: string): boolean {
  let hosts = 0;
  for (const line of block.split('\r\n')) {
    const match = headerLine.exec(line);
    if (match === null) return false;
    const name = (match[1] ?? '').toLowerCase();
    if (name === 'host') hosts += 1;
    else if (name === 'connection') {
      if ((match[2] ?? '').toLowerCase() !== 'keep-alive') return false;
    } else if (!indifferent.has(name)) return false;
  }
  return hosts === 1;
}
