/**
 * What a client that uploads wants to put where. As for downloads every shape is matched whole and literally, so that a
 * URL can never name anything but a hash or the name of a derivation.
 *
 * Nix names a NAR by the hash of its file and a suffix for its compression. gzip has none, as a NAR that is not
 * compressed: what comes tells which it is.
 */

import type { ExtraRequest } from '../extras/parse-extra-url.ts';
import { parseCacheUrl } from '../parse-cache-url.ts';
import { narFileName } from '../stored/nar-file.ts';

export type UploadRequest =
  | { readonly kind: 'cache-info' }
  | { readonly kind: 'narinfo'; readonly hashPart: string }
  | { readonly kind: 'nar'; readonly fileHash: string; readonly compression: string }
  /** The listing of a NAR, which the server makes by itself. */
  | { readonly kind: 'listing' }
  /** `name`: base name of a derivation, `.drv` included. */
  | { readonly kind: 'log'; readonly name: string }
  | (ExtraRequest & { readonly kind: 'realisation' | 'build-trace' | 'debug-info' });

const char = '[0-9abcdfghijklmnpqrsvwxyz]';
const narinfo = new RegExp(`^/(${char}{32})\\.narinfo$`);
const nar = new RegExp(`^/nar/(${char}{52})\\.nar((?:\\.[a-z0-9]+)?)$`);
const listing = new RegExp(`^/${char}{32}\\.ls$`);

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
  if (listing.test(path)) return { kind: 'listing' };
  const read = parseCacheUrl(path);
  if (read?.kind === 'log') return read;
  // What is read at the same address, and can be put there.
  return read?.kind === 'extra' && canBePut(read.request) ? read.request : undefined;
}

function canBePut(
  request: ExtraRequest,
): request is ExtraRequest & { readonly kind: 'realisation' | 'build-trace' | 'debug-info' } {
  return ['realisation', 'build-trace', 'debug-info'].includes(request.kind);
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
