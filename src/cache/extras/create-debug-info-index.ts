/**
 * Which store path has the debug information of a program, by the program's build ID: what lies under
 * `lib/debug/.build-id/<2 digits>/<38 digits>.debug`.
 *
 * The index is made at the first question, which waits for it, and then grows by what was registered since. Paths go
 * without notice, so whoever asks is given all that ever had it, the newest first, and looks whether it is still
 * there. One question at a time looks at the store; those that come meanwhile share its answer.
 */

import type { StorePath } from '../../nix/store-path.ts';
import type { NumberedPath } from '../../store/store-database.ts';
import { listBuildIds } from './list-build-ids.ts';

export interface DebugInfoIndex {
  /** Throws what the database throws. */
  find(buildId: string): Promise<readonly StorePath[]>;
}

export interface DebugInfoDatabase {
  /** Up to `limit` paths registered after the one with this number, in order. */
  pathsAfter(id: number, limit: number): readonly NumberedPath[];
}

/** Paths looked at at a time. */
const pieceSize = 256;

export function createDebugInfoIndex(
  database: DebugInfoDatabase,
  list: (path: StorePath) => Promise<readonly string[]> = listBuildIds,
): DebugInfoIndex {
  const known = new Map<string, StorePath[]>();
  let lastId = 0;
  let catchingUp: Promise<void> | undefined;

  const catchUp = async (): Promise<void> => {
    for (;;) {
      const piece = database.pathsAfter(lastId, pieceSize);
      const paths = piece.flatMap(({ info }) => (info === undefined ? [] : [info.path]));
      const found = await Promise.all(paths.map(list));
      for (const [at, path] of paths.entries()) {
        for (const buildId of found[at] ?? []) known.set(buildId, [path, ...(known.get(buildId) ?? [])]);
      }
      lastId = piece.at(-1)?.id ?? lastId;
      if (piece.length < pieceSize) return;
    }
  };

  return {
    async find(buildId) {
      // What is under way may have begun before the path came that is asked for: one more look after it.
      await catchingUp?.catch(() => {});
      catchingUp ??= catchUp().finally(() => {
        catchingUp = undefined;
      });
      await catchingUp;
      return known.get(buildId) ?? [];
    },
  };
}
