/**
 * The content of store paths in blocks, for any number of hosts that want the same ones: who comes first has a block
 * read (and packed), and whoever wants it soon after gets the same bytes. Blocks are kept as long as the memory for
 * them lasts, those used longest ago going first. So nobody waits for anybody: a host that is so slow that its next
 * block has gone has it read again, by itself.
 *
 * A block is `blockBytes` of the NAR, the last one less. Packed it is a frame of Zstandard that holds what the worker
 * protocol sends of it: the operation and the path info if it is the first of its path (`packed-import.ts`), a frame with those
 * bytes, and the empty frame that ends the NAR if it is the last. Such frames one after the other are what a daemon
 * behind `zstd -d` reads.
 *
 * A path is hashed the first time that it is read from beginning to end; the last block of a wrong one is never given.
 */

import { createHash, type Hash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync } from 'node:zlib';
import { NarReader } from '../../store/nar-reader.ts';
import { packedStart } from '../../store/packed-import.ts';
import type { PathInfo } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { createSpareBuffers } from './spare-buffers.ts';

export type BlockFormat = 'plain' | 'zstd';

export interface NarBlocks extends Disposable {
  /** All blocks of a path in order. Throws `store.corrupt`, `store.path-missing`. */
  blocks(info: PathInfo, format: BlockFormat): AsyncIterable<Uint8Array>;
  /** How often a block was read from disk, and how many bytes are kept. */
  readonly counters: { readonly read: number; readonly kept: number };
}

export interface NarBlocksOptions {
  /** Bytes of blocks that are kept; default 96 MiB. */
  readonly keepBytes?: number | undefined;
  readonly blockBytes?: number | undefined;
}

/** Its first level packs faster than ssh encrypts what it saves, once a few hosts want the same. */
const packing = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Smaller ones are packed at once, which is quicker than handing them to a thread. */
const syncBytes = 16 * 1024;
const pack = promisify(zstdCompress);
const empty = new Uint8Array();
/** Of the length before a part of a NAR. */
const lengthBytes = 8;
/** What comes before the first block of a path with very many references is longer. */
const mostStartBytes = 64 * 1024;
/** As many as are packed at a time by the threads, and some that wait for one. */
const mostSpare = 16;

interface Kept {
  readonly block: Promise<Uint8Array>;
  bytes: number;
}

/** A path that has been read up to some block, and waits there for whoever wants the next one. */
interface Reading {
  readonly reader: NarReader;
  /** Of all that was read; undefined when that does not begin at the beginning. */
  readonly hash: Hash | undefined;
}

/** So many paths may be open in the middle; hosts that fail leave theirs. */
const maxReadings = 64;

export function createNarBlocks({
  keepBytes = 96 * 1024 * 1024,
  blockBytes = 512 * 1024,
}: NarBlocksOptions = {}): NarBlocks {
  const kept = new Map<string, Kept>();
  const readings = new Map<string, Reading>();
  const verified = new Set<string>();
  const spare = createSpareBuffers(blockBytes + mostStartBytes, mostSpare);
  const counters = { read: 0, kept: 0 };

  const sizeOf = (info: PathInfo, index: number): number =>
    Math.min(blockBytes, info.narSize - index * blockBytes);
  const isLastOf = (info: PathInfo, index: number): boolean =>
    index * blockBytes + sizeOf(info, index) === info.narSize;

  /** Reads one block, from a reading that waits just there, or a new one. */
  const read = (info: PathInfo, index: number, into: Buffer): void => {
    counters.read += 1;
    const isLast = isLastOf(info, index);
    const reading = takeReading(info, index) ?? begin(info, index);
    let goesOn = false;
    try {
      fill(reading.reader, into, info, isLast);
      reading.hash?.update(into);
      if (isLast) verify(info, reading.hash);
      else goesOn = leave(`${index + 1} ${info.path}`, reading);
    } finally {
      if (!goesOn) reading.reader[Symbol.dispose]();
    }
  };

  const takeReading = (info: PathInfo, index: number): Reading | undefined => {
    const key = `${index} ${info.path}`;
    const reading = readings.get(key);
    readings.delete(key);
    return reading;
  };

  const begin = (info: PathInfo, index: number): Reading => {
    const reader = new NarReader(info.path);
    if (index > 0) reader.skip(index * blockBytes);
    // Begun in the middle there is nothing to compare a hash with; the daemon of the host does that in any case.
    const isNew = index === 0 && !verified.has(info.path);
    return { reader, hash: isNew ? createHash('sha256') : undefined };
  };

  /** False when another one waits there already. */
  const leave = (key: string, reading: Reading): boolean => {
    if (readings.has(key)) return false;
    readings.set(key, reading);
    for (const [old, { reader }] of readings) {
      if (readings.size <= maxReadings) break;
      readings.delete(old);
      reader[Symbol.dispose]();
    }
    return true;
  };

  const verify = (info: PathInfo, hash: Hash | undefined): void => {
    if (hash === undefined) return;
    const digest = hash.digest('hex');
    if (digest !== info.narHash) {
      throw damaged(info, `its NAR has the hash sha256:${digest}, where sha256:${info.narHash} was promised`);
    }
    verified.add(info.path);
  };

  const make = async (info: PathInfo, format: BlockFormat, index: number): Promise<Uint8Array> => {
    const size = sizeOf(info, index);
    if (format === 'zstd') return makePacked(info, index, size);
    const block = Buffer.allocUnsafeSlow(size);
    read(info, index, block);
    return block;
  };

  /** What the protocol wants to be sent, in a frame of Zstandard. */
  const makePacked = async (info: PathInfo, index: number, size: number): Promise<Uint8Array> => {
    const start = index === 0 ? packedStart(info) : empty;
    const narAt = start.length + lengthBytes;
    const end = isLastOf(info, index) ? lengthBytes : 0;
    const bytes = spare.take(narAt + size + end);
    try {
      bytes.set(start);
      bytes.writeBigUInt64LE(BigInt(size), start.length);
      read(info, index, bytes.subarray(narAt, narAt + size));
      bytes.fill(0, narAt + size);
      return bytes.length < syncBytes ? zstdCompressSync(bytes, packing) : await pack(bytes, packing);
    } finally {
      spare.give(bytes);
    }
  };

  const get = (info: PathInfo, format: BlockFormat, index: number): Promise<Uint8Array> => {
    const key = `${format} ${index} ${info.path}`;
    const there = kept.get(key);
    if (there !== undefined) {
      kept.delete(key);
      kept.set(key, there);
      return there.block;
    }
    const entry: Kept = { block: make(info, format, index), bytes: 0 };
    kept.set(key, entry);
    void entry.block.then(
      (block) => {
        if (kept.get(key) !== entry) return;
        entry.bytes = block.length;
        counters.kept += block.length;
        for (const [old, { bytes }] of kept) {
          if (counters.kept <= keepBytes) break;
          if (bytes === 0) continue;
          kept.delete(old);
          counters.kept -= bytes;
        }
      },
      // Whoever awaits it is told; the next one tries anew.
      () => kept.delete(key),
    );
    return entry.block;
  };

  return {
    counters,
    async *blocks(info, format) {
      const count = Math.max(1, Math.ceil(info.narSize / blockBytes));
      for (let index = 0; index < count; index += 1) yield await get(info, format, index);
    },
    [Symbol.dispose]() {
      for (const { reader } of readings.values()) reader[Symbol.dispose]();
      readings.clear();
      kept.clear();
      counters.kept = 0;
    },
  };
}

/** Throws unless the NAR goes on for exactly as long as it was said to. */
function fill(reader: NarReader, into: Uint8Array, info: PathInfo, isLast: boolean): void {
  const got = reader.read(into);
  if (got < into.length || (isLast && reader.skip(1) > 0)) {
    throw damaged(info, `its NAR does not have the ${info.narSize} bytes that were promised`);
  }
}

function damaged(info: PathInfo, why: string): AppError {
  return new AppError('store.corrupt', `${info.path} is damaged: ${why}`);
}
