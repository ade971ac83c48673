/**
 * Has the outputs of what the loop builds kept as files: of each build when it has succeeded, and after a start of what the
 * database wants kept, since the server may have ended before it got that far.
 */

import type { Materialiser } from '../../cache/stored/create-materialiser.ts';
import type { Database } from '../../db/database.ts';
import { parseStorePath } from '../../nix/store-path.ts';

export interface KeepOutputsDeps {
  readonly database: Pick<Database, 'builds'>;
  readonly materialiser: Pick<Materialiser, 'want'>;
  readonly onFault: (message: string, error: unknown) => void;
}

export interface OutputKeeper extends AsyncDisposable {
  /** That build has ended, in whatever way. */
  finished(buildId: number): void;
}

/** Succeeded, or failed with outputs. */
const withOutputs: readonly (number | null)[] = [0, 6];

export function keepBuildOutputs({ database, materialiser, onFault }: KeepOutputsDeps): OutputKeeper {
  const underWay = new Set<Promise<void>>();
  let ending = false;

  const run = (what: string, work: () => Promise<void>): void => {
    const done = work()
      .catch((error: unknown) => {
        if (!ending) onFault(what, error);
      })
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };
  const take = async (buildId: number): Promise<void> => {
    const build = await database.builds.get(buildId);
    if (build === undefined || !withOutputs.includes(build.status)) return;
    const paths = Object.values(build.outputs).filter((path) => path !== null);
    materialiser.want(paths.map(parseStorePath), 'built');
  };
  run('what was built before cannot be read from the database', async () => {
    for await (const { path } of database.builds.retained()) {
      if (ending) return;
      if (!path.endsWith('.drv')) materialiser.want([parseStorePath(path)], 'built');
    }
  });

  return {
    finished: (buildId) => run(`the outputs of build ${buildId} cannot be kept`, () => take(buildId)),
    async [Symbol.asyncDispose]() {
      ending = true;
      await Promise.all(underWay);
    },
  };
}
