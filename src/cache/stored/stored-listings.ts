/**
 * The trees of paths whose NARs are files, as `.ls` documents have them: read out of the NAR, as the path itself need not
 * be in the store. A NAR has to be unpacked for that, so what was read last is kept for a while.
 */

import type { NarHandler } from '../../nix/nar-handler.ts';
import { type NarListing, narListing } from '../../nix/nar-listing.ts';
import { NarParser } from '../../nix/nar-parser.ts';
import type { ServedPath } from '../path-source.ts';
import type { StoredNars } from './stored-nars.ts';

export interface StoredListings {
  /** Throws `cache.nar-corrupted`, `blobs.…`, and `nix.nar-invalid` for one that has too many files. */
  of(path: KeptPath, signal: AbortSignal): Promise<NarListing>;
}

/** A path whose NAR is a file. */
export type KeptPath = ServedPath & { readonly stored: NonNullable<ServedPath['stored']> };

/** Of a NAR with more files no listing is made: it would have to be held in memory. */
const maxNodes = 500_000;
/** Of all listings that are kept; one takes some hundred bytes. */
const maxKeptNodes = 100_000;

export function createStoredListings(nars: Pick<StoredNars, 'unpack'>): StoredListings {
  /** By the content; the one that was used longest ago first. */
  const kept = new Map<string, { readonly listing: NarListing; readonly nodes: number }>();
  let keptNodes = 0;

  return {
    async of(path, signal) {
      const known = kept.get(path.narHash);
      if (known !== undefined) {
        kept.delete(path.narHash);
        kept.set(path.narHash, known);
        return known.listing;
      }
      const builder = narListing();
      const { handler } = builder;
      let nodes = 0;
      const counted: NarHandler = {
        directoryStart(at) {
          nodes += 1;
          handler.directoryStart(at);
        },
        directoryEnd: (at) => handler.directoryEnd(at),
        regular(at, file) {
          nodes += 1;
          handler.regular(at, file);
        },
        symlink(at, target) {
          nodes += 1;
          handler.symlink(at, target);
        },
      };
      const parser = new NarParser(counted, { what: path.path, maxNodes });
      const range = { start: 0, end: path.narSize };
      for await (const piece of nars.unpack(path.stored, range, signal)) parser.push(piece);
      parser.finish();
      const made = { listing: builder.listing(), nodes };
      if (nodes > maxKeptNodes) return made.listing;
      // Somebody may have asked for the same meanwhile.
      keptNodes += nodes - (kept.get(path.narHash)?.nodes ?? 0);
      kept.set(path.narHash, made);
      for (const [narHash, oldest] of kept) {
        if (keptNodes <= maxKeptNodes) break;
        kept.delete(narHash);
        keptNodes -= oldest.nodes;
      }
      return made.listing;
    },
  };
}
