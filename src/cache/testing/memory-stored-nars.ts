/** Stored NARs in memory, for tests of what stands on them: checks what it takes in as the real ones do. */

import { createHash } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { BlobRange } from '../../blobs/blob-store.ts';
import type { StoredNarRepository } from '../../db/cache-database.ts';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { formatBareHash } from '../../nix/hash.ts';
import { NarParser } from '../../nix/nar-parser.ts';
import { AppError } from '../../util/app-error.ts';
import type { StoredNars } from '../stored/stored-nars.ts';

export interface MemoryStoredNars extends StoredNars {
  readonly files: ReadonlyMap<string, Buffer>;
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

export function memoryStoredNars(rows: Pick<StoredNarRepository, 'add' | 'remove'>): MemoryStoredNars {
  const files = new Map<string, Buffer>();
  const records = new Map<string, StoredNarRecord>();

  const unpacked = (file: Buffer, compression: string): Buffer => {
    try {
      const nar = unpack(file, compression);
      const parser = new NarParser({});
      if (parser.push(nar) !== nar.length) throw new Error('there is more after its end');
      parser.finish();
      return nar;
    } catch (cause) {
      throw new AppError('cache.upload-refused', `it is no NAR: ${String(cause)}`, { cause });
    }
  };
  async function* part(bytes: Buffer, { start, end }: BlobRange): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(bytes.subarray(start, end));
  }
  const fileOf = (nar: StoredNarRecord): Buffer => files.get(nar.fileHash) ?? Buffer.alloc(0);

  return {
    files,
    byNarHash: (narHash) => records.values().find((record) => record.narHash === narHash),
    byFileHash: (fileHash) => records.get(fileHash),
    materialise: () => Promise.reject(new Error('there is no store here')),
    async receive(chunks, { compression, fileHash, maxNarBytes }) {
      const file = Buffer.concat(await Array.fromAsync(chunks));
      const found = formatBareHash({ algorithm: 'sha256', bytes: sha256(file) }, 'nix32');
      if (fileHash !== undefined && found !== fileHash) {
        throw new AppError('cache.upload-refused', `wanted a file of sha256 ${fileHash}, got ${found}`);
      }
      const nar = unpacked(file, compression);
      if (nar.length > maxNarBytes) throw new AppError('cache.upload-refused', 'it unpacks to too much');
      const narHash = sha256(nar).toString('hex');
      const size = { fileSize: file.length, narSize: nar.length };
      const record = { fileHash: found, narHash, ...size, compression, createdAt: 1, verifiedAt: 1 };
      const isNew = !records.has(found);
      files.set(found, file);
      await rows.add(record);
      records.set(found, record);
      return { nar: record, isNew };
    },
    read: (nar, range) => part(fileOf(nar), range),
    unpack: (nar, range) => part(unpack(fileOf(nar), nar.compression), range),
    fileOf: () => undefined,
    async remove(fileHash) {
      if (!(await rows.remove(fileHash))) return false;
      records.delete(fileHash);
      files.delete(fileHash);
      return true;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function unpack(file: Buffer, compression: string): Buffer {
  if (compression === 'none') return file;
  if (compression === 'gzip') return gunzipSync(file);
  if (compression === 'zstd') return zstdDecompressSync(file);
  throw new AppError('cache.upload-refused', `${compression} is not for these tests`);
}
