/**
 * Whether a cache is whole after whatever became of the process that had it: what clients are told of can be downloaded and
 * is right, with all that it refers to; nothing else is served; and scrubbing finds nothing but files that nobody knows.
 */

import { createHash } from 'node:crypto';
import type { BlobStore } from '../../../src/blobs/blob-store.ts';
import { narKey } from '../../../src/cache/stored/nar-file.ts';
import { scrub } from '../../../src/cache/stored/scrub.ts';
import { openTestSite } from '../../../src/cache/testing/test-site.ts';
import type { Database } from '../../../src/db/database.ts';
import { formatBareHash } from '../../../src/nix/hash.ts';
import { parseNarInfo } from '../../../src/nix/parse-narinfo.ts';
import { storePathHash } from '../../../src/nix/store-path.ts';
import { cacheName } from './fault-samples.ts';

export interface CacheCheck {
  readonly problems: readonly string[];
  readonly paths: ReadonlySet<string>;
  /** Files that nobody knew, and that are gone now. */
  readonly orphans: number;
}

const hourMs = 3_600_000;

/** Opens it as a server would that starts anew. */
export async function checkCache(database: Database, blobs: BlobStore): Promise<CacheCheck> {
  const problems: string[] = [];
  const cache = await database.caches.find(cacheName);
  if (cache === undefined) throw new Error(`there is no cache ${cacheName}`);
  await using site = await openTestSite({ database, blobs });
  const base = `${site.url}/c/${cacheName}`;
  const rows = await Array.fromAsync(database.cachePaths.all(cache.id));
  const paths = new Set(rows.map(({ path }) => path));
  for (const { path, hashPart, references } of rows) {
    for (const reference of references) {
      if (!paths.has(reference)) problems.push(`${path} is without ${reference}`);
    }
    const narinfo = await fetch(`${base}/${hashPart}.narinfo`);
    if (narinfo.status !== 200) {
      problems.push(`the narinfo of ${path}: ${narinfo.status}`);
      continue;
    }
    const info = parseNarInfo(await narinfo.text(), path);
    const nar = await fetch(`${base}/${info.url}`);
    const file = await nar.bytes().catch(() => Buffer.alloc(0));
    const bytes = new Uint8Array(createHash('sha256').update(file).digest());
    const hash = formatBareHash({ algorithm: 'sha256', bytes }, 'nix32');
    if (nar.status !== 200 || !info.url.includes(hash) || storePathHash(info.storePath) !== hashPart)
      problems.push(`the NAR of ${path}: ${nar.status}, ${file.length} bytes with ${hash} for ${info.url}`);
  }

  const known = new Set<string>();
  for await (const nar of database.storedNars.all()) {
    known.add(narKey(nar));
    if ((await blobs.stat(narKey(nar))) === undefined) problems.push(`the row of ${narKey(nar)} has no file`);
  }
  for await (const { key } of blobs.list('nar/')) {
    if (known.has(key)) continue;
    const { status } = await fetch(`${base}/nar/${key.split('/').at(-1)}`);
    if (status !== 404) problems.push(`${key} has no row and is served: ${status}`);
  }
  const report = await scrub({
    ...{ nars: site.stored, blobs, database, bytesPerSecond: 0, before: Number.MAX_SAFE_INTEGER },
    // By then nobody can be about to record a file that is there now.
    now: () => Date.now() + 2 * hourMs,
    signal: new AbortController().signal,
    onFound({ kind, file, message }) {
      if (kind !== 'orphan') problems.push(`scrub: ${file}: ${kind}: ${message}`);
    },
  });
  const left = (await Array.fromAsync(blobs.list('nar/'))).map(({ key }) => key);
  if (left.toSorted().join() !== [...known].toSorted().join())
    problems.push(`after scrubbing there are ${left.length} files for ${known.size} rows`);
  problems.push(...site.faults);
  return { problems, paths, orphans: report.orphans };
}
