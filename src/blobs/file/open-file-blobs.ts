/**
 * Blobs as files in a folder, under their keys. What is being written lies in `.writing/` beside them; it is made durable
 * there, renamed to its place, and the folder that it comes into is made durable, too. What a writer left behind that was
 * killed goes when the folder is opened the next time (`writer-name.ts`).
 */

import { type BigIntStats, constants, type Dirent, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BlobInfo, BlobStore, BlobWriter } from '../blob-store.ts';
import { checkBlobKey } from '../check-blob-key.ts';
import { fileBlobError, isMissing } from './file-blob-error.ts';
import { readPieces } from './read-pieces.ts';
import { sweepWriting } from './sweep-writing.ts';
import { syncFolder } from './sync-folder.ts';
import { writerName } from './writer-name.ts';

/** Opens the folder, or makes it. Throws `blobs.unreachable`. */
export async function openFileBlobs(
  folder: string,
  deps: { readonly now?: () => number } = {},
): Promise<BlobStore> {
  const root = path.resolve(folder);
  const writing = path.join(root, '.writing');
  const nameOf = await writerName();
  await guard(`make the folder ${writing}`, () => mkdir(writing, { recursive: true }));
  await guard(`clean up ${writing}`, () => sweepWriting(writing, (deps.now ?? Date.now)()));

  const fileOf = (key: string): string => {
    checkBlobKey(key);
    return path.join(root, key);
  };

  return {
    async create(signal) {
      signal?.throwIfAborted();
      const file = path.join(writing, nameOf());
      const handle = await guard(`write ${file}`, () => open(file, 'wx', 0o644));
      return fileWriter(file, handle, fileOf);
    },
    async stat(key) {
      const file = fileOf(key);
      try {
        return await infoOf(key, file);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw fileBlobError(error, `look at ${file}`);
      }
    },
    lookNow(key) {
      try {
        return lookOf(statSync(fileOf(key), { bigint: true }));
      } catch {
        // Whoever asks again, and waits, is told why.
        return undefined;
      }
    },
    async *read(key, { range, signal, reuse } = {}) {
      const file = fileOf(key);
      signal?.throwIfAborted();
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
      await using handle = await guard(`read ${file}`, () => open(file, flags));
      yield* readPieces(handle, { file, range, signal, reuse });
    },
    async delete(key) {
      const file = fileOf(key);
      await guard(`delete ${file}`, () => rm(file, { force: true }));
    },
    async *list(prefix, signal) {
      const at = prefix.lastIndexOf('/');
      if (at > 0) checkBlobKey(prefix.slice(0, at));
      yield* listFolder(root, at > 0 ? prefix.slice(0, at) : '', prefix, signal);
    },
    fileOf,
    async [Symbol.asyncDispose]() {},
  };
}

function fileWriter(file: string, handle: FileHandle, fileOf: (key: string) => string): BlobWriter {
  let done = false;
  return {
    async write(bytes) {
      await guard(`write ${file}`, async () => {
        for (let at = 0; at < bytes.length; ) {
          at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
        }
      });
    },
    async commit(key) {
      const target = fileOf(key);
      await guard(`write ${target}`, async () => {
        await handle.sync();
        await handle.close();
        const folder = path.dirname(target);
        const made = await mkdir(folder, { recursive: true });
        await rename(file, target);
        done = true;
        await syncFolder(folder);
        // A folder that was made is durable when the one it lies in is.
        for (let above = folder; made !== undefined && above.length >= made.length; ) {
          above = path.dirname(above);
          await syncFolder(above);
        }
      });
    },
    async [Symbol.asyncDispose]() {
      if (done) return;
      done = true;
      // Closed already when making it durable failed.
      await handle.close().catch(() => {});
      await rm(file, { force: true }).catch(() => {});
    },
  };
}

async function* listFolder(
  root: string,
  folder: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<BlobInfo> {
  const entries = await entriesOf(path.join(root, folder));
  for (const entry of entries) {
    signal?.throwIfAborted();
    const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) {
      const below = `${key}/`;
      if (below.startsWith(prefix) || prefix.startsWith(below)) yield* listFolder(root, key, prefix, signal);
    } else if (entry.isFile() && key.startsWith(prefix)) {
      // It may be deleted while the others are listed.
      const info = await infoOf(key, path.join(root, key)).catch(() => undefined);
      if (info !== undefined) yield info;
    }
  }
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await Array.fromAsync(await opendir(folder));
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileBlobError(error, `list ${folder}`);
  }
}

async function infoOf(key: string, file: string): Promise<BlobInfo> {
  const stats = await stat(file, { bigint: true });
  return { key, size: Number(stats.size), modifiedAt: Number(stats.mtimeMs), look: lookOf(stats) };
}

function lookOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

async function guard<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileBlobError(error, what);
  }
}
