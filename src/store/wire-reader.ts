/**
 * Reading the worker protocol from a stream: every integer is a little-endian u64, a string is its length, its
 * bytes and zero padding to a multiple of eight. Bytes are handed out as views of what arrived wherever possible.
 * The stream is paused while enough is buffered, so the sender feels back-pressure.
 *
 * Source: libutil/serialise.cc.
 */

import type { Readable } from 'node:stream';
import { AppError } from '../util/app-error.ts';
import { protocolError } from './protocol-error.ts';

/** Longer strings and lists than these are taken for a broken stream: nothing in the protocol comes near. */
const maxStringBytes = 256 * 1024 * 1024;
const maxItems = 100_000_000;
/** Above this much unread data the stream is paused. */
const highWaterBytes = 512 * 1024;

/** Reads in order from one stream; one read at a time. Errors: `store.unreachable` at its end, `store.protocol`. */
export class WireReader {
  readonly #stream: Readable;
  readonly #chunks: Buffer[] = [];
  /** Bytes of the first chunk that are already read. */
  #offset = 0;
  #buffered = 0;
  /** Why no more can come; what is buffered can still be read. */
  #ended: AppError | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      if (this.#buffered > highWaterBytes) stream.pause();
      this.#notify();
    });
    stream.once('end', () => this.#finish());
    stream.once('close', () => this.#finish());
    stream.once('error', (cause) => this.#finish(cause));
  }

  /** The error that reads end in, once the stream is at its end; what is buffered can still be read. */
  get ended(): AppError | undefined {
    return this.#ended;
  }

  /** What has arrived and is not read yet, at most `limit` bytes; consumes nothing. */
  peek(limit: number): Buffer {
    const [first, ...rest] = this.#chunks;
    if (first === undefined) return Buffer.alloc(0);
    return Buffer.concat([first.subarray(this.#offset), ...rest]).subarray(0, limit);
  }

  /** Waits until something unread is there that was not there before; throws when the stream has ended. */
  async more(): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#stream.isPaused()) this.#stream.resume();
    const before = this.#buffered;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#buffered === before && this.#ended !== undefined) throw this.#ended;
  }

  /** Exactly `length` bytes; a view when they arrived together. */
  async bytes(length: number): Promise<Buffer> {
    const first = this.#chunks[0];
    if (first !== undefined && first.length - this.#offset >= length) return this.#take(length);
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      if (this.#buffered === 0) await this.more();
      const part = this.#take(missing);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts, length);
  }

  /** An integer that must be exact in JavaScript. */
  async u64(): Promise<number> {
    const bytes = await this.bytes(8);
    const high = bytes.readUInt32LE(4);
    if (high >= 2 ** 21) throw protocolError(`a number that makes no sense: ${bytes.readBigUInt64LE()}`);
    return high * 2 ** 32 + bytes.readUInt32LE(0);
  }

  /** Any u64 as decimal digits, for activity ids, which exceed 2^53. */
  async decimal(): Promise<string> {
    return (await this.bytes(8)).readBigUInt64LE().toString();
  }

  async bool(): Promise<boolean> {
    return (await this.u64()) !== 0;
  }

  /** A string's bytes. */
  async stringBytes(limit = maxStringBytes): Promise<Buffer> {
    const length = await this.u64();
    if (length > limit) throw protocolError(`a string of ${length} bytes, more than the ${limit} allowed`);
    const padded = Math.ceil(length / 8) * 8;
    const bytes = await this.bytes(padded);
    for (let i = length; i < padded; i++)
      if (bytes[i] !== 0) throw protocolError('a string whose padding is not zero');
    return bytes.subarray(0, length);
  }

  /** A string; bytes that are not UTF-8 become U+FFFD. */
  async string(limit = maxStringBytes): Promise<string> {
    return (await this.stringBytes(limit)).toString('utf8');
  }

  /** A count and as many items. */
  async list<T>(item: () => Promise<T>): Promise<T[]> {
    const count = await this.u64();
    if (count > maxItems) throw protocolError(`a list of ${count} items`);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(await item());
    return items;
  }

  async strings(): Promise<string[]> {
    return this.list(() => this.string());
  }

  /** A count and as many keys and values. */
  async map<T>(value: () => Promise<T>): Promise<Map<string, T>> {
    return new Map(await this.list(async () => [await this.string(), await value()] as const));
  }

  /** What arrives next, in the pieces it arrives in, at most `limit` bytes of it. */
  async chunk(limit = Number.MAX_SAFE_INTEGER): Promise<Buffer> {
    if (this.#buffered === 0) await this.more();
    return this.#take(limit);
  }

  /** Puts back the end of a chunk that turned out not to belong to what was read. */
  unread(rest: Buffer): void {
    if (rest.length === 0) return;
    const first = this.#chunks[0];
    if (first !== undefined && this.#offset > 0) {
      this.#chunks[0] = first.subarray(this.#offset);
      this.#offset = 0;
    }
    this.#chunks.unshift(rest);
    this.#buffered += rest.length;
  }

  #take(limit: number): Buffer {
    const first = this.#chunks[0];
    if (first === undefined) return Buffer.alloc(0);
    const taken = first.subarray(this.#offset, this.#offset + limit);
    this.#offset += taken.length;
    if (this.#offset === first.length) {
      this.#chunks.shift();
      this.#offset = 0;
    }
    this.#buffered -= taken.length;
    return taken;
  }

  #finish(cause?: Error): void {
    this.#ended ??= new AppError(
      'store.unreachable',
      cause === undefined ? 'the connection was closed' : `the connection broke: ${cause.message}`,
      { cause },
    );
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
