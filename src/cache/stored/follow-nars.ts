/**
 * Keeps the index of files as the database is, which other processes change, too: a change at a time by the list of
 * changes, or all anew when more were missed than that list has.
 */

import type { Database } from '../../db/database.ts';
import type { NarIndex } from './nar-index.ts';

/** Fills the index, and gives what brings it up to date. */
export async function followNars(
  database: Pick<Database, 'storedNars'>,
  index: NarIndex,
): Promise<() => Promise<void>> {
  const { storedNars } = database;
  let last = 0;

  const readAll = async (): Promise<void> => {
    // The number before the rows: what changes meanwhile is then looked at again.
    last = await storedNars.lastChange();
    const gone = new Set(index.fileHashes());
    for await (const nar of storedNars.all()) {
      index.add(nar);
      gone.delete(nar.fileHash);
    }
    for (const fileHash of gone) {
      // It may have come while the others were read.
      if ((await storedNars.byFileHash(fileHash)) === undefined) index.remove(fileHash);
    }
  };

  await readAll();
  return async () => {
    const changes = await storedNars.changesAfter(last);
    if (changes === undefined) return readAll();
    for (const fileHash of changes.fileHashes) {
      const nar = await storedNars.byFileHash(fileHash);
      if (nar === undefined) index.remove(fileHash);
      else index.add(nar);
    }
    last = changes.last;
  };
}
