/**
 * Makes paths part of a cache. The order is what keeps a cache whole at every instant: the files are durable and
 * checked, then the rows of all paths come in one transaction, which refuses them when a reference would be missing, and
 * only then are clients told.
 */

import type { CachePathRecord, CacheRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { formatBareHash } from '../../nix/hash.ts';
import { type StorePath, storePathHash } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import { admitPath } from './admit-path.ts';
import { adoptPaths } from './adopt-paths.ts';
import type { OfferedPath } from './offered-path.ts';

export interface PublishDeps {
  readonly database: Pick<Database, 'cachePaths' | 'cacheUploads' | 'transaction'>;
  readonly stored: Pick<StoredNars, 'find' | 'unpack' | 'mentions'>;
  /** Paths that mention others without saying that they refer to them are refused. Default true. */
  readonly checkMentions?: boolean | undefined;
  readonly now: () => number;
}

/** The cache that paths are put into. */
export interface PublishTarget {
  readonly record: Pick<CacheRecord, 'id'>;
  /** Told when paths are there. */
  added(hashParts: readonly string[]): void;
  /** The path of that hash part, where the cache serves it out of the store. */
  live?: ((hashPart: string) => StorePath | undefined) | undefined;
  /** Makes the cache keep for good what it serves out of the store, before something refers to it. */
  adopt?: ((paths: readonly StorePath[], signal: AbortSignal) => Promise<void>) | undefined;
}

/**
 * All of them or none; says how many were not there before. Throws `cache.upload-refused`, `cache.conflict`,
 * `cache.references-missing`, `cache.references-undeclared`.
 */
export async function publishPaths(
  offers: readonly OfferedPath[],
  target: PublishTarget,
  deps: PublishDeps,
  signal: AbortSignal,
): Promise<number> {
  const { database, stored, now, checkMentions: checksMentions = true } = deps;
  const { id } = target.record;
  const there = await database.cachePaths.getMany(
    id,
    offers.map(({ path }) => storePathHash(path)),
  );
  const missing = offers.filter((offer) => {
    const known = there.get(storePathHash(offer.path));
    if (known !== undefined) refuseOther(offer, known);
    return known === undefined;
  });
  const together = new Map(offers.map(({ path }) => [storePathHash(path), path]));
  const pathsOf = async (hashParts: readonly string[]): Promise<readonly string[]> => {
    const kept = await database.cachePaths.getMany(id, hashParts);
    return hashParts.flatMap(
      (part) => kept.get(part)?.path ?? together.get(part) ?? target.live?.(part) ?? [],
    );
  };
  const admitted: CachePathRecord[] = [];
  for (const offer of missing) {
    signal.throwIfAborted();
    const hasFile = (fileHash: string): Promise<boolean> => database.cacheUploads.has(id, fileHash);
    const deps = { cacheId: id, stored, hasFile, now: now(), signal };
    admitted.push(await admitPath(offer, { ...deps, pathsOf: checksMentions ? pathsOf : undefined }));
  }
  if (admitted.length === 0) return 0;
  await adoptReferences(admitted, target, deps, signal);
  await database.transaction(async (tx) => {
    await tx.cachePaths.add(id, admitted);
    for (const { fileHash } of admitted) await tx.cacheUploads.remove(id, fileHash);
  });
  target.added(admitted.map(({ hashPart }) => hashPart));
  return admitted.length;
}

async function adoptReferences(
  admitted: readonly CachePathRecord[],
  { record, adopt }: PublishTarget,
  { database }: PublishDeps,
  signal: AbortSignal,
): Promise<void> {
  if (adopt === undefined) return;
  const own = new Set(admitted.map(({ path }) => path));
  const outside = new Set(admitted.flatMap(({ references }) => references).filter((path) => !own.has(path)));
  // Rows of the database and offers that were checked hold nothing but store paths.
  const paths = [...outside] as StorePath[];
  const there = await database.cachePaths.getMany(record.id, paths.map(storePathHash));
  const rest = paths.filter((path) => !there.has(storePathHash(path)));
  if (rest.length === 0) return;
  // What is nowhere is told of by the database, as for every other cache.
  await adoptPaths(adopt, rest, signal);
}

/** What is there never changes: the same once more is fine, anything else is refused. */
function refuseOther(offer: OfferedPath, known: CachePathRecord): void {
  const said = formatBareHash(offer.narHash, 'base16');
  const references = [...new Set(offer.references)].sort();
  const what =
    offer.path !== known.path
      ? `the cache has ${known.path} under this hash, which is another name`
      : said !== known.narHash || offer.narSize !== known.narSize
        ? `the cache has a NAR of sha256 ${known.narHash} and ${known.narSize} bytes, this one has ${said} and ${offer.narSize}`
        : references.join(' ') !== known.references.join(' ')
          ? 'the cache has it with other references'
          : undefined;
  if (what !== undefined) throw new AppError('cache.conflict', `${offer.path}: ${what}`);
}
