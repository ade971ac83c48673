/** What the answers to the different kinds of requests have in common. */

import type { IncomingMessage } from 'node:http';
import type { Turns } from './create-turns.ts';
import type { ServedPath } from './path-source.ts';
import type { StoredListings } from './stored/stored-listings.ts';
import type { StoredNars } from './stored/stored-nars.ts';

/** Counts since the start. */
export interface CacheCounters {
  narinfoHits: number;
  narinfoMisses: number;
  /** NARs begun, whole or in part. */
  nars: number;
  /** Of those that were sent to the end. */
  narBytes: number;
  /** NARs cut off half-way because the store held something else than its database says. */
  narsCut: number;
  faults: number;
}

export interface CacheContext {
  readonly counters: CacheCounters;
  /** Undefined where there are no files of NARs. */
  readonly stored: { readonly nars: StoredNars; readonly listings: StoredListings } | undefined;
  /** Shared by all that is sent. */
  readonly turns: Turns;
  /** Tells and counts a fault of ours. */
  fault(error: unknown, req: IncomingMessage): void;
  /** A path that can be served; undefined when there is none, also when that is a fault of ours. Never rejects. */
  find(req: IncomingMessage, hashPart: string): Promise<ServedPath | undefined>;
}
