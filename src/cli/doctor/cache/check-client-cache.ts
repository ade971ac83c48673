/**
 * What Nix remembers of the cache on its own disk: that a path is not there (for an hour), or what a narinfo said (for
 * 30 days). What is remembered is used without asking. Source: libstore/nar-info-disk-cache.cc.
 */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { formatHash, hashesEqual, parseHash } from '../../../nix/hash.ts';
import type { NarInfo } from '../../../nix/narinfo.ts';
import { type StorePath, storePathHash } from '../../../nix/store-path.ts';
import { errorMessage } from '../../../util/error-message.ts';
import { formatDuration } from '../../../util/format-duration.ts';
import { type Check, ok, problem, warning } from '../check.ts';
import { sameCache } from './check-substituters.ts';
import type { NixSettings } from './nix-settings.ts';

export interface Remembered {
  readonly path: StorePath;
  /** What the cache says now; undefined when it does not have it. */
  readonly info: NarInfo | undefined;
}

const name = 'client cache';

/** `folder`: where Nix keeps it; `now`: seconds since 1970. Never throws. */
export function checkClientCache(
  folder: string,
  url: string,
  paths: readonly Remembered[],
  settings: Pick<NixSettings, 'narinfo-cache-negative-ttl' | 'narinfo-cache-positive-ttl'>,
  now: number,
): readonly Check[] {
  let files: readonly string[];
  try {
    files = readdirSync(folder).filter((file) => /^binary-cache-v\d+\.sqlite$/.test(file));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return [unreadable(folder, error)];
    files = [];
  }
  const checks = files.flatMap((name) => {
    const file = path.join(folder, name);
    try {
      return checkFile(file, url, paths, settings, now);
    } catch (error) {
      return [unreadable(file, error)];
    }
  });
  return checks.length > 0
    ? checks
    : [ok(name, `remembers nothing of these paths that is wrong (${folder})`)];
}

function unreadable(file: string, error: unknown): Check {
  return warning(
    name,
    `${file} cannot be read, so what Nix remembers of the cache is not known: ${errorMessage(error)}`,
    'run the doctor as root',
  );
}

type Row = Readonly<Record<string, unknown>>;

function checkFile(
  file: string,
  url: string,
  paths: readonly Remembered[],
  settings: Pick<NixSettings, 'narinfo-cache-negative-ttl' | 'narinfo-cache-positive-ttl'>,
  now: number,
): readonly Check[] {
  using database = open(file);
  const caches = database.prepare('select id, url from BinaryCaches').all();
  const ids = caches
    .filter((row) => typeof row.url === 'string' && sameCache(row.url, url))
    .map(({ id }) => id);
  const rows = database.prepare('select * from NARs where cache = ? and hashPart = ?');
  return ids.flatMap((id) =>
    paths.flatMap(({ path: wanted, info }) => {
      const row = rows.get(Number(id), storePathHash(wanted));
      if (row === undefined) return [];
      const isThere = Number(row.present) !== 0;
      const ttl = settings[isThere ? 'narinfo-cache-positive-ttl' : 'narinfo-cache-negative-ttl'];
      const left = Number(row.timestamp) + ttl - now;
      return left <= 0 ? [] : judge(file, wanted, row, info, formatDuration(left * 1000));
    }),
  );
}

function open(file: string): DatabaseSync & Disposable {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

function judge(
  file: string,
  wanted: StorePath,
  row: Row,
  info: NarInfo | undefined,
  left: string,
): readonly Check[] {
  const drop = `rm ${file} (it is only a memory), or ask once with: --option narinfo-cache-negative-ttl 0 --option narinfo-cache-positive-ttl 0`;
  if (Number(row.present) === 0) {
    if (info === undefined) return [];
    return [
      problem(
        name,
        `remembers for another ${left} that the cache does not have ${wanted}, which it has now`,
        drop,
      ),
    ];
  }
  if (info === undefined) {
    return [
      warning(name, `remembers for another ${left} that the cache has ${wanted}, which it has not`, drop),
    ];
  }
  if (!sameNarHash(row.narHash, info)) {
    return [
      problem(
        name,
        `remembers for another ${left} another content of ${wanted}: ${String(row.narHash)}, the cache has ${formatHash(info.narHash, 'nix32')} now`,
        drop,
      ),
    ];
  }
  const remembered = new Set(typeof row.sigs === 'string' ? row.sigs.split(' ') : []);
  const missing = info.signatures.filter((text) => !remembered.has(text));
  if (missing.length === 0) return [];
  const names = missing.map((text) => text.slice(0, text.indexOf(':'))).join(', ');
  return [
    problem(
      name,
      `remembers ${wanted} for another ${left} without its signature by ${names}, which the cache has added since`,
      drop,
    ),
  ];
}

function sameNarHash(text: unknown, info: NarInfo): boolean {
  try {
    return hashesEqual(parseHash(String(text)), info.narHash);
  } catch {
    return false;
  }
}
