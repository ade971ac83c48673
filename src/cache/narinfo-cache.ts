/**
 * Rendered narinfos in memory, so that the common request costs neither a signature nor a query.
 *
 * Every entry carries the version of its source at which it was last seen to be true. While the source does not
 * change, an entry is simply given out. When it has changed, the entry is looked up again on its next use: if the path
 * is still the same the bytes are kept, else they are made anew. That a path is unknown is not remembered: sources know
 * what they have (`mayHave`), so a miss costs no query, and a path is found as soon as it is there.
 *
 * Where a lookup takes time the answer is a promise, the same one for all who ask meanwhile.
 *
 * Bounded by bytes; what was not used for longest goes first.
 */

import { hash } from 'node:crypto';
import type { DatedResponse } from './hot/dated-response.ts';
import { mayHaveAt } from './may-have-at.ts';
import type { PathSource, ServedPath } from './path-source.ts';

/** A response body as it goes out, its entity tag (with the quotes), and the whole response around the same bytes. */
export interface RenderedNarInfo {
  readonly body: Buffer;
  readonly etag: string;
  readonly response: DatedResponse;
}

export interface NarInfoCacheOptions {
  readonly maxBytes: number;
  readonly source: PathSource;
  /** Undefined when the path cannot be served. */
  render(path: ServedPath): RenderedNarInfo | undefined;
}

export interface NarInfoCache {
  /** Undefined: no such path. Throws, or rejects with, what the source and `render` throw. */
  get(hashPart: string): RenderedNarInfo | undefined | Promise<RenderedNarInfo | undefined>;
  /** True when there is surely no such path: the one whose hash part begins at `at`. Throws what the source throws. */
  lacks(bytes: Buffer, at: number): boolean;
  /** Bytes held, an estimate that includes what each entry costs beside its body. */
  readonly bytes: number;
}

interface Entry {
  readonly rendered: RenderedNarInfo;
  readonly row: string;
  version: number;
}

interface Lookup {
  readonly version: number;
  readonly answer: Promise<RenderedNarInfo | undefined>;
}

/** What an entry weighs beside its bytes: keys, tags, objects, the map's own slots. */
const entryOverhead = 400;

export function createNarInfoCache(options: NarInfoCacheOptions): NarInfoCache {
  const { source, maxBytes } = options;
  const entries = new Map<string, Entry>();
  const lookups = new Map<string, Lookup>();
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

  /** One that took its time may replace what was found later; its version then says that it is to be looked up again. */
  const take = (
    hashPart: string,
    path: ServedPath | undefined,
    version: number,
  ): RenderedNarInfo | undefined => {
    const known = entries.get(hashPart);
    const row = path === undefined ? '' : rowDigest(path);
    const rendered =
      known?.row === row ? known.rendered : path === undefined ? undefined : options.render(path);
    if (rendered === undefined) drop(hashPart);
    else keep(hashPart, { rendered, row, version });
    return rendered;
  };

  const waitFor = (
    hashPart: string,
    path: Promise<ServedPath | undefined>,
    version: number,
  ): Promise<RenderedNarInfo | undefined> => {
    const lookup: Lookup = {
      version,
      answer: path
        .then((found) => take(hashPart, found, version))
        .finally(() => {
          if (lookups.get(hashPart) === lookup) lookups.delete(hashPart);
        }),
    };
    lookups.set(hashPart, lookup);
    return lookup.answer;
  };

  return {
    lacks(bytes, at) {
      // What it may have depends on the version that was asked for last.
      source.version();
      return !mayHaveAt(source, bytes, at);
    },
    get(hashPart) {
      // Before the lookup: a commit between the two makes the entry look older than it is, never newer.
      const version = source.version();
      // Cheaper than to look among the entries, and misses are what is asked for most.
      if (!source.mayHave(hashPart)) return undefined;
      const known = entries.get(hashPart);
      if (known?.version === version) {
        // The order of use matters only once something has to go.
        if (bytes > maxBytes / 2) {
          entries.delete(hashPart);
          entries.set(hashPart, known);
        }
        return known.rendered;
      }
      const asked = lookups.get(hashPart);
      if (asked?.version === version) return asked.answer;
      const path = source.lookup(hashPart);
      return path instanceof Promise ? waitFor(hashPart, path, version) : take(hashPart, path, version);
    },
    get bytes() {
      return bytes;
    },
  };
}

/** Short text that differs whenever anything about the path does. */
function rowDigest(path: ServedPath): string {
  return hash('sha256', JSON.stringify(path), 'base64');
}
