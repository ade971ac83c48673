/**
 * What a request to a binary cache asks for. Every shape is matched whole and literally, so that a URL can never
 * name anything but a store path hash, a NAR hash or the name of a derivation: there is no path to walk out of.
 *
 * NARs keep all the URL shapes that live-store servers have handed out, because clients remember the URL of a
 * narinfo for 30 days: `<hash>-<nar hash>.nar` (ours and nix-serve's), `<hash>.nar` (older nix-serve) and
 * `<nar hash>.nar?hash=<hash>` (harmonia).
 * Files are named as `nix copy` does, `<file hash>.nar[.zst …]`.
 */

export type CacheRequest =
  | { readonly kind: 'cache-info' }
  | { readonly kind: 'health' }
  | { readonly kind: 'narinfo'; readonly hashPart: string }
  | { readonly kind: 'listing'; readonly hashPart: string }
  /** `narHash`: 52 characters of nix32; undefined when the URL does not say which content is meant. */
  | { readonly kind: 'nar'; readonly hashPart: string; readonly narHash: string | undefined }
  /** A file with a NAR in it; `name` has the ending of its compression. */
  | { readonly kind: 'nar-file'; readonly fileHash: string; readonly name: string }
  /** `name`: base name of a derivation, `.drv` included. */
  | { readonly kind: 'log'; readonly name: string };

const char = '[0-9abcdfghijklmnpqrsvwxyz]';
const narinfo = new RegExp(`^/(${char}{32})\\.narinfo$`);
const listing = new RegExp(`^/(${char}{32})\\.ls$`);
const nar = new RegExp(`^/nar/(${char}{32})(?:-(${char}{52}))?\\.nar$`);
const narByContent = new RegExp(`^/nar/(${char}{52})\\.nar$`);
const narFile = new RegExp(`^/nar/((${char}{52})\\.nar(?:\\.(?:zst|xz|bz2|br|lz4))?)$`);
const hashParameter = new RegExp(`(?:^|&)hash=(${char}{32})(?:&|$)`);
const log = new RegExp(`^/log/(${char}{32}-[0-9a-zA-Z+\\-._?=]{1,207}\\.drv)$`);

/** The request behind a URL as `IncomingMessage.url` has it; undefined when the cache has nothing of that shape. */
export function parseCacheUrl(url: string): CacheRequest | undefined {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const hashPart = narinfo.exec(path)?.[1];
  if (hashPart !== undefined) return { kind: 'narinfo', hashPart };
  if (path === '/nix-cache-info') return { kind: 'cache-info' };
  if (path === '/healthz') return { kind: 'health' };
  if (path.startsWith('/nar/')) return parseNarUrl(path, mark === -1 ? '' : url.slice(mark + 1));
  if (path.startsWith('/log/')) return parseLogUrl(path);
  const listed = listing.exec(path)?.[1];
  return listed === undefined ? undefined : { kind: 'listing', hashPart: listed };
}

function parseNarUrl(path: string, query: string): CacheRequest | undefined {
  const [, hashPart, narHash] = nar.exec(path) ?? [];
  if (hashPart !== undefined) return { kind: 'nar', hashPart, narHash };
  const byContent = narByContent.exec(path)?.[1];
  const owner = hashParameter.exec(query)?.[1];
  if (byContent !== undefined && owner !== undefined) {
    return { kind: 'nar', hashPart: owner, narHash: byContent };
  }
  const [, name, fileHash] = (query === '' ? narFile.exec(path) : undefined) ?? [];
  return name === undefined || fileHash === undefined ? undefined : { kind: 'nar-file', fileHash, name };
}

/** The only URL that is decoded: names of derivations may hold `?`, which arrives as `%3F`. */
function parseLogUrl(path: string): CacheRequest | undefined {
  try {
    const name = log.exec(decodeURIComponent(path))?.[1];
    return name === undefined ? undefined : { kind: 'log', name };
  } catch {
    return undefined;
  }
}
