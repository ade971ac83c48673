/**
 * The file behind `/build/N/download/…`. What a build makes is not trusted: its links may point anywhere. So the real
 * path must lie in the product, or else in the store path that the product is in, which the build made, too; nothing
 * of another store path, and nothing outside of the store, is ever sent.
 */

import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ProductRecord } from '../db/records.ts';
import { isStorePath, storeDir } from '../nix/store-path.ts';

export type ProductFile =
  | { readonly type: 'file'; readonly file: string; readonly size: number }
  | { readonly type: 'directory' }
  | { readonly type: 'missing' }
  /** The product itself is no longer in the store. */
  | { readonly type: 'gone' };

/** `below`: decoded parts of the path after the product; `filesAt`: the folder that the store is. */
export async function findProductFile(
  product: Pick<ProductRecord, 'path'>,
  below: readonly string[],
  filesAt: string,
): Promise<ProductFile> {
  if (product.path.split('/').includes('..')) return { type: 'missing' };
  const root = path.resolve(product.path).split('/').slice(0, 4).join('/');
  if (!isStorePath(root)) return { type: 'missing' };
  const onDisk = (storePath: string): string => filesAt + storePath.slice(storeDir.length);
  try {
    const base = await realpath(onDisk(root));
    try {
      const file = await realpath(path.join(onDisk(path.resolve(product.path)), ...below));
      if (file !== base && !file.startsWith(`${base}/`)) return { type: 'missing' };
      const info = await stat(file);
      if (info.isDirectory()) return { type: 'directory' };
      return info.isFile() ? { type: 'file', file, size: info.size } : { type: 'missing' };
    } catch {
      return { type: 'missing' };
    }
  } catch {
    return { type: 'gone' };
  }
}
