/** Makes known each step at which something becomes durable, or is gone, so that a process can be killed right after it. */

import type { BlobStore, BlobWriter } from '../../../src/blobs/blob-store.ts';
import type { Database } from '../../../src/db/database.ts';

/** Called after the step; what it does not return from was the last step. */
export type OnStep = (name: string) => void;

const changing = new Set([
  ...['add', 'remove', 'replace', 'withdraw', 'claim', 'release', 'begin', 'received', 'setServed'],
]);

function stepping<T extends object>(name: string, target: T, onStep: OnStep): T {
  return new Proxy(target, {
    get(of, key) {
      const value: unknown = Reflect.get(of, key);
      if (typeof value !== 'function' || typeof key !== 'string' || !changing.has(key)) return value;
      return async (...args: readonly unknown[]) => {
        const result: unknown = await Reflect.apply(value, of, args);
        onStep(`${name}.${key}`);
        return result;
      };
    },
  });
}

type Parts = Pick<Database, 'storedNars' | 'cachePaths' | 'cacheUploads'>;

function steppingParts<T extends Parts>(parts: T, prefix: string, onStep: OnStep): T {
  return {
    ...parts,
    storedNars: stepping(`${prefix}nars`, parts.storedNars, onStep),
    cachePaths: stepping(`${prefix}paths`, parts.cachePaths, onStep),
    cacheUploads: stepping(`${prefix}uploads`, parts.cacheUploads, onStep),
  };
}

export function steppingDatabase(database: Database, onStep: OnStep): Database {
  return {
    ...steppingParts(database, '', onStep),
    async transaction(work) {
      const result = await database.transaction((inside) => work(steppingParts(inside, 'within ', onStep)));
      onStep('transaction');
      return result;
    },
  };
}

export function steppingBlobs(blobs: BlobStore, onStep: OnStep): BlobStore {
  const steppingWriter = (writer: BlobWriter): BlobWriter => ({
    async write(bytes) {
      await writer.write(bytes);
      onStep('file.write');
    },
    async commit(key) {
      await writer.commit(key);
      onStep('file.commit');
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  });
  return {
    ...blobs,
    async create(signal) {
      const writer = await blobs.create(signal);
      onStep('file.create');
      return steppingWriter(writer);
    },
    async delete(key) {
      await blobs.delete(key);
      onStep('file.delete');
    },
  };
}
