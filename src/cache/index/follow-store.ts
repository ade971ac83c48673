/**
 * Follows the store database: whether it changed since the last look, and which paths it has.
 *
 * The database is asked for its version at most once in a turn of the event loop. All requests that a turn answers were
 * there when it began, so none of them can be told of less than the store had when it was sent; under load one question
 * serves many of them.
 *
 * The set of hash parts starts empty and is filled in pieces, between which requests are answered; until it is complete
 * every path may be there. Registrations have ever higher numbers, so after a change only what is new is read. Deleted
 * paths stay in the set, which may err on that side. A database that counts from the beginning again (it was replaced)
 * is read anew.
 */

import type { HashPartSet } from './hash-part-set.ts';
import { createHashPartSet } from './hash-part-set.ts';

/** The part of the store database that is followed. */
export interface FollowedDatabase {
  /** Another number whenever anything may have changed. */
  dataVersion(): number;
  /** Up to `limit` paths registered after the one with this number, in order, by their hash parts. */
  hashPartsAfter(
    id: number,
    limit: number,
  ): { readonly lastId: number; readonly hashParts: readonly string[] };
  /** The number of the newest path; 0 when there is none. */
  newestId(): number;
}

export interface StoreFollower {
  /** The version in this turn of the event loop. Throws what the database throws. */
  version(): number;
  /** False only when the store surely has no such path in this version. */
  mayHave(hashPart: string): boolean;
  /** The same for the hash part whose characters begin at `at`. */
  mayHaveAt(bytes: Uint8Array, at: number): boolean;
  /** Paths known, and whether those are all. */
  readonly known: { readonly paths: number; readonly complete: boolean };
}

/** Rows read in one go: some 20 ms. */
const pieceSize = 10_000;

export interface FollowerDeps {
  /** Runs the function when this turn of the event loop is over. Default: setImmediate. */
  readonly afterTurn?: (work: () => void) => void;
}

export function createStoreFollower(database: FollowedDatabase, deps: FollowerDeps = {}): StoreFollower {
  // Not unreferenced: asked in a timer, the turn would only end with the next request, which then heard what is old.
  const { afterTurn = (work) => void setImmediate(work) } = deps;
  const paths: HashPartSet = createHashPartSet();
  let lastId = 0;
  /** The version that the set is complete for; NaN while it is not. */
  let completeAt = Number.NaN;
  let reading = false;
  let current = Number.NaN;
  let looked = false;

  /** Reads one piece; true when there was no more. */
  const readPiece = (): boolean => {
    const { lastId: last, hashParts } = database.hashPartsAfter(lastId, pieceSize);
    for (const hashPart of hashParts) paths.add(hashPart);
    lastId = Math.max(lastId, last);
    return hashParts.length < pieceSize;
  };
  const catchUp = (): void => {
    if (database.newestId() < lastId) {
      paths.clear();
      lastId = 0;
    }
    // The version before the rows: a commit between the two is then read again.
    const version = database.dataVersion();
    if (readPiece()) {
      completeAt = version;
      return;
    }
    completeAt = Number.NaN;
    reading = true;
    afterTurn(() => {
      reading = false;
      try {
        catchUp();
      } catch {
        // The next request that asks for the version meets the same, and tells of it.
      }
    });
  };

  /** One for all turns: there may be tens of thousands in a second. */
  const endTurn = (): void => {
    looked = false;
  };

  return {
    version() {
      if (looked) return current;
      current = database.dataVersion();
      looked = true;
      afterTurn(endTurn);
      if (current !== completeAt && !reading) catchUp();
      return current;
    },
    mayHave: (hashPart) => completeAt !== current || paths.has(hashPart),
    mayHaveAt: (bytes, at) => completeAt !== current || paths.hasAt(bytes, at),
    get known() {
      return { paths: paths.size, complete: completeAt === current };
    },
  };
}
