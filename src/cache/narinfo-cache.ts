/**
 * Rendered narinfos in memory, so that the common request costs neither a signature nor a query.
 *
 * Every entry carries the version of the store database at which it was last seen to be true. While the database does
 * not change, an entry is simply given out. When it has changed, the entry is looked up again on its next use: if the
 * row is still the same the bytes are kept, else they are made anew. That a path is unknown is not remembered: the
 * follower knows all paths (`index/follow-store.ts`), so a miss costs no query, and a path is found as soon as it is
 * there.
 *
 * Bounded by bytes; what was not used for longest goes first.
 */

import { hash } from 'node:crypto';
import type { PathInfo } from '../store/store.ts';
import type { DatedResponse } from './hot/dated-response.ts';
import type { StoreFollower } from './index/follow-store.ts';

/** A response body as it goes out, its entity tag (with the quotes), and the whole response around the same bytes. */
export interface RenderedNarInfo {
  readonly body: Buffer;
  readonly etag: string;
  readonly response: DatedResponse;
}

export interface NarInfoCacheOptions {
  readonly maxBytes: number;
  readonly follower: Pick<StoreFollower, 'version' | 'mayHave'>;
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

/** What an entry weighs beside its bytes: keys, tags, objects, the map's own slots. */
const entryOverhead = 400;

export function createNarInfoCache(options: NarInfoCacheOptions): NarInfoCache {
  const { follower, maxBytes } = options;
  const entries = new Map<string, Entry>();
  let bytes = 0;

  const weight = (entry: Entry): number => entry.rendered.response.bytes.length + entryOverhead;
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
      if (bytes <= maxBytes) break;
      drop(oldest);
    }
  };

  return {
    get(hashPart) {
      // Before the lookup: a commit between the two makes the entry look older than it is, never newer.
      const version = follower.version();
      const known = entries.get(hashPart);
      if (known?.version === version) {
        // The order of use matters only once something has to go.
        if (bytes > maxBytes / 2) {
          entries.delete(hashPart);
          entries.set(hashPart, known);
        }
        return known.rendered;
      }
      if (known === undefined && !follower.mayHave(hashPart)) return undefined;
      const info = options.lookup(hashPart);
      const row = info === undefined ? '' : rowDigest(info);
      const rendered =
        known?.row === row ? known.rendered : info === undefined ? undefined : options.render(info);
      if (rendered === undefined) {
        drop(hashPart);
        return undefined;
      }
      keep(hashPart, { rendered, row, version });
      return rendered;
    },
    get bytes() {
      return bytes;
    },
  };
}

/** Short text that differs whenever anything in the row does. */
function rowDigest(info: PathInfo): string {
  return hash('sha256', JSON.stringify(info), 'base64');
}
