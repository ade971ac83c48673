/**
 * What a client that uploads wants to put where. As for downloads every shape is matched whole and literally, so that a
 * URL can never name anything but a hash or the name of a derivation.
 *
 * Nix names a NAR by the hash of its file and a suffix for its compression. gzip has none, as a NAR that is not
 * compressed: what comes tells which it is.
 */

import { narFileName } from '../stored/nar-file.ts';

export type UploadRequest =
  | { readonly kind: 'cache-info' }
  | { readonly kind: 'narinfo'; readonly hashPart: string }
  | { readonly kind: 'nar'; readonly fileHash: string; readonly compression: string }
  /** What the server makes by itself out of the NAR, or has no use for: taken and dropped. */
  | { readonly kind: 'extra' };

const char = '[0-9abcdfghijklmnpqrsvwxyz]';
const narinfo = new RegExp(`^/(${char}{32})\\.narinfo$`);
const nar = new RegExp(`^/nar/(${char}{52})\\.nar((?:\\.[a-z0-9]+)?)$`);
const extras: readonly RegExp[] = [
  new RegExp(`^/${char}{32}\\.ls$`),
  new RegExp(`^/log/${char}{32}-[0-9a-zA-Z+\\-._?=]{1,207}\\.drv$`),
  /^\/realisations\/sha256:[0-9a-f]{64}![\w.-]{1,200}\.doi$/,
  new RegExp(`^/build-trace-v2/${char}{32}-[0-9a-zA-Z+\\-._?=]{1,207}\\.drv/[\\w.-]{1,200}\\.doi$`),
  /^\/debuginfo\/[0-9a-f]{40}$/,
];

/** Compressions by the suffix of the file. */
const suffixes: ReadonlyMap<string, string> = new Map([
  ['', 'none'],
  ['.zst', 'zstd'],
  ['.xz', 'xz'],
  ['.bz2', 'bzip2'],
  ['.br', 'br'],
  ['.lz4', 'lz4'],
]);

/** The request behind a path without a query, decoded or not; undefined when nothing of that shape is ever put. */
export function parseUploadUrl(path: string): UploadRequest | undefined {
  if (path === '/nix-cache-info') return { kind: 'cache-info' };
  const hashPart = narinfo.exec(path)?.[1];
  if (hashPart !== undefined) return { kind: 'narinfo', hashPart };
  if (path.startsWith('/nar/')) return parseNarName(path.slice(1));
  return extras.some((shape) => shape.test(decoded(path))) ? { kind: 'extra' } : undefined;
}

/** `nar/<file hash>.nar[.suffix]`, as narinfos have it; undefined for anything else, also for suffixes not known. */
export function parseNarName(url: string): (UploadRequest & { readonly kind: 'nar' }) | undefined {
  const [, fileHash, suffix = ''] = nar.exec(`/${url}`) ?? [];
  const compression = suffixes.get(suffix);
  return fileHash === undefined || compression === undefined
    ? undefined
    : { kind: 'nar', fileHash, compression };
}

/** The path of the file in the cache, by its compression. */
export function narName(fileHash: string, compression: string): string {
  return `nar/${narFileName({ fileHash, compression })}`;
}

/** Newer versions of Nix send `!` as `%21`. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
