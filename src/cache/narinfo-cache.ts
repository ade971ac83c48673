/**
 * Rendered narinfos in memory, so that the common request costs neither a signature nor a query.
 *
 * Every entry carries the `data_version` of the store database at which it was last seen to be true. While the
 * database does not change, an entry is simply given out. When it has changed, the entry is looked up again on its
 * next use: if the row is still the same the bytes are kept, else they are made anew. That a path is unknown is
 * remembered too, but never beyond one version: a path that has just been built must be found at once.
 *
 * Bounded by bytes; what was not used for longest goes first. Misses count as well, and are dropped together as
 * soon as the version changes.
 */

import { hash } from 'node:crypto';
import type { PathInfo } from '../store/store.ts';

/** A response body as it goes out, and its entity tag (with the quotes). */
export interface RenderedNarInfo {
  readonly body: Buffer;
  readonly etag: string;
}

export interface NarInfoCacheOptions {
  readonly maxBytes: number;
  /** `pragma data_version` of the store database. */
  dataVersion(): number;
  lookup(hashPart: string): PathInfo | undefined;
  /** Undefined when the path cannot be served. */
  render(info: PathInfo): RenderedNarInfo | undefined;
}

export interface NarInfoCache {
  /** Undefined: no such path. Throws what `lookup` and `render` throw. */
  get(hashPart: string): RenderedNarInfo | undefined;
  /** Bytes held, an estimate that includes what each entry costs beside its body. */
  readonly bytes: number;
}

interface Entry {
  readonly rendered: RenderedNarInfo;
  readonly row: string;
  version: number;
}

/** What an entry weighs beside its body: keys, tags, objects, the map's own slots. */
const entryOverhead = 400;
const missOverhead = 100;

export function createNarInfoCache(options: NarInfoCacheOptions): NarInfoCache {
  const entries = new Map<string, Entry>();
  const misses = new Set<string>();
  let missVersion = Number.NaN;
  let bytes = 0;

  const weight = (entry: Entry): number => entry.rendered.body.length + entryOverhead;
  const drop = (hashPart: string): void => {
    const entry = entries.get(hashPart);
    if (entry === undefined) return;
    entries.delete(hashPart);
    bytes -= weight(entry);
  };
  const keep = (hashPart: string, entry: Entry): void => {
    drop(hashPart);
    entries.set(hashPart, entry);
    bytes += weight(entry);
    for (const oldest of entries.keys()) {
      if (bytes <= options.maxBytes) break;
      drop(oldest);
    }
  };
  const remember = (hashPart: string): void => {
    if (misses.size * missOverhead >= options.maxBytes / 4) misses.clear();
    misses.add(hashPart);
  };

  return {
    get(hashPart) {
      // Before the lookup: a commit between the two makes the entry look older than it is, never newer.
      const version = options.dataVersion();
      if (version !== missVersion) {
        misses.clear();
        missVersion = version;
      }
      if (misses.has(hashPart)) return undefined;
      const known = entries.get(hashPart);
      if (known?.version === version) {
        entries.delete(hashPart);
        entries.set(hashPart, known);
        return known.rendered;
      }
      const info = options.lookup(hashPart);
      const row = info === undefined ? '' : rowDigest(info);
      const rendered =
        known?.row === row ? known.rendered : info === undefined ? undefined : options.render(info);
      if (rendered === undefined) {
        drop(hashPart);
        remember(hashPart);
        return undefined;
      }
      keep(hashPart, { rendered, row, version });
      return rendered;
    },
    get bytes() {
      return bytes + misses.size * missOverhead;
    },
  };
}

/** Short text that differs whenever anything in the row does. */
function rowDigest(info: PathInfo): string {
  return hash('sha256', JSON.stringify(info), 'base64');
}
