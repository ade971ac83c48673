/**
 * A path that proves trust in our keys: the newest one that nobody else has signed and that is not content-addressed,
 * for a client would accept those without any key of ours.
 */

import type { StorePath } from '../../nix/store-path.ts';
import type { NumberedPath } from '../../store/store-database.ts';

export interface ProofDatabase {
  /** The number of the newest path; 0 when there is none. */
  newestId(): number;
  /** Up to `limit` paths registered after the one with this number, in order. */
  pathsAfter(id: number, limit: number): readonly NumberedPath[];
}

const perLook = 100;
const looks = 20;

/** Looks at the newest 2000 only. Throws what the database throws. */
export function findProofPath(database: ProofDatabase, ownKeys: ReadonlySet<string>): StorePath | undefined {
  let end = database.newestId();
  for (let look = 0; look < looks && end > 0; look++) {
    const start = Math.max(0, end - perLook);
    const rows = database.pathsAfter(start, perLook).filter(({ id }) => id <= end);
    const found = rows.findLast(
      ({ info }) =>
        info !== undefined &&
        info.contentAddress === '' &&
        !info.path.endsWith('.drv') &&
        info.signatures.every((text) => ownKeys.has(text.slice(0, text.indexOf(':')))),
    );
    if (found?.info !== undefined) return found.info.path;
    end = start;
  }
  return undefined;
}
