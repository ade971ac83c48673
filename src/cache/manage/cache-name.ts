/** Names of caches: they stand in URLs, so they are short and plain. */

import type { CacheRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { AppError } from '../../util/app-error.ts';
import { mainCacheName } from '../caches/open-caches.ts';

/** Throws `cache.invalid`. */
export function checkCacheName(name: string): void {
  if (name === 'retention') throw new AppError('cache.invalid', `the name 'retention' is one of the API`);
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) return;
  throw new AppError(
    'cache.invalid',
    `wanted a name of up to 64 lower-case letters, digits, '-', '_' and '.', got '${name}'`,
  );
}

/** Throws `cache.unknown`. */
export async function findCache(database: Pick<Database, 'caches'>, name: string): Promise<CacheRecord> {
  const found = await database.caches.find(name);
  if (found !== undefined) return found;
  const names = (await database.caches.list()).map((cache) => cache.name);
  throw new AppError('cache.unknown', `there is no cache '${name}', only ${names.join(', ')}`);
}

/** Where it is, below the address of the server. */
export function cachePlace(name: string): string {
  return name === mainCacheName ? '/' : `/c/${name}`;
}
