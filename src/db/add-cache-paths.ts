/** Adds paths to a cache, which then has all that they refer to, as it had before. */

import { AppError } from '../util/app-error.ts';
import { lockCache } from './cache-path-rows.ts';
import type { CachePathRecord } from './cache-records.ts';
import type { Connection } from './connection.ts';
import { inTexts } from './in-list.ts';
import { chunks, insertRows } from './insert-rows.ts';
import { known } from './known.ts';

/** Where the digits begin and end in `/nix/store/<32 digits>-name`. */
const digits = { start: '/nix/store/'.length, end: '/nix/store/'.length + 32 };
/** References that a message names. */
const named = 5;

/** Within a transaction. Throws `cache.references-missing`, `cache.conflict`, and `db.missing` for what has no file. */
export async function addCachePaths(
  connection: Connection,
  cacheId: number,
  paths: readonly CachePathRecord[],
): Promise<void> {
  if (paths.length === 0) return;
  await lockCache(connection, cacheId);
  const references = paths.flatMap((path) => path.references);
  const hashParts = [...paths.map((path) => path.hashPart), ...references.map(hashPartOf)];
  const before = await find(connection, cacheId, hashParts);
  const added = new Map<string, CachePathRecord>();
  for (const path of paths) {
    const there = before.get(path.hashPart) ?? added.get(path.hashPart);
    if (there === undefined) added.set(path.hashPart, path);
    else if (there.path !== path.path || there.narHash !== path.narHash) throw conflict(path, there);
  }
  const isThere = (reference: string): boolean => {
    const hashPart = hashPartOf(reference);
    return (before.get(hashPart) ?? added.get(hashPart))?.path === reference;
  };
  for (const path of added.values()) {
    const missing = path.references.filter((reference) => !isThere(reference));
    if (missing.length > 0) throw referencesMissing(path, missing);
  }
  await countAsServed(connection, cacheId, paths, added);
  await insertRows(connection, 'cache_paths', [...added.values()].map(row(cacheId)));
  const ids = await find(connection, cacheId, hashParts);
  const edges = [...added.values()].flatMap((path) => {
    const referrer = known(ids, path.hashPart).id;
    return [...new Set(path.references)].map((reference) => ({
      referrer,
      reference: known(ids, hashPartOf(reference)).id,
    }));
  });
  for (const chunk of chunks(edges))
    await connection.db.insertInto('cache_references').values(chunk).execute();
}

/** Those that are there already: whoever adds them is told that they are. */
async function countAsServed(
  { db, dialect }: Connection,
  cacheId: number,
  paths: readonly CachePathRecord[],
  added: ReadonlyMap<string, CachePathRecord>,
): Promise<void> {
  const there = paths.filter(({ hashPart }) => !added.has(hashPart));
  if (there.length === 0) return;
  const at = Math.max(...there.map(({ addedAt }) => addedAt));
  await db
    .updateTable('cache_paths')
    .set({ served_at: at })
    .where('cache_id', '=', cacheId)
    .where(
      inTexts(
        dialect,
        'hash_part',
        there.map(({ hashPart }) => hashPart),
      ),
    )
    .where('served_at', '<', at)
    .execute();
}

interface Found {
  readonly id: number;
  readonly path: string;
  readonly narHash: string;
}

async function find(
  { db, dialect }: Connection,
  cacheId: number,
  hashParts: readonly string[],
): Promise<ReadonlyMap<string, Found>> {
  const rows = await db
    .selectFrom('cache_paths')
    .select(['id', 'hash_part as hashPart', 'path', 'nar_hash as narHash'])
    .where('cache_id', '=', cacheId)
    .where(inTexts(dialect, 'hash_part', [...new Set(hashParts)]))
    .execute();
  return new Map(rows.map((row) => [row.hashPart, row]));
}

const row = (cacheId: number) => (path: CachePathRecord) => ({
  cache_id: cacheId,
  hash_part: path.hashPart,
  path: path.path,
  nar_hash: path.narHash,
  nar_size: path.narSize,
  deriver: path.deriver,
  ca: path.ca,
  signatures: path.signatures.join(' '),
  file_hash: path.fileHash,
  added_at: path.addedAt,
  served_at: path.servedAt,
});

function hashPartOf(path: string): string {
  return path.slice(digits.start, digits.end);
}

function conflict(
  path: CachePathRecord,
  there: { readonly path: string; readonly narHash: string },
): AppError {
  return new AppError(
    'cache.conflict',
    there.path === path.path
      ? `${path.path} is in the cache with the NAR hash sha256:${there.narHash}, and came with sha256:${path.narHash}`
      : `the cache has ${there.path}, so it cannot take ${path.path}, whose hash part is the same`,
  );
}

function referencesMissing(path: CachePathRecord, missing: readonly string[]): AppError {
  const more = missing.length > named ? ` and ${missing.length - named} more` : '';
  return new AppError(
    'cache.references-missing',
    `${path.path} refers to ${missing.slice(0, named).join(', ')}${more}, which the cache does not have`,
  );
}
