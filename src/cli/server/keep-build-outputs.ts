/**
 * Has the outputs of what the loop builds kept as files: of each build when it has succeeded, and after a start of what the
 * database wants kept, since the server may have ended before it got that far.
 *
 * It is not urgent, as they are served out of the store meanwhile. So it comes a few seconds later, for all that have
 * ended until then at once: a server that starts with a hundred thousand builds has them scheduled first.
 */

import type { Materialiser } from '../../cache/stored/create-materialiser.ts';
import type { Database } from '../../db/database.ts';
import { parseStorePath } from '../../nix/store-path.ts';

export interface KeepOutputsDeps {
  readonly database: { readonly builds: Pick<Database['builds'], 'getMany' | 'retained'> };
  readonly materialiser: Pick<Materialiser, 'want'>;
  readonly onFault: (message: string, error: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly delayMs?: number;
}

export interface OutputKeeper extends AsyncDisposable {
  /** That build has ended, in whatever way. */
  finished(buildId: number): void;
}

/** Succeeded, or failed with outputs. */
const withOutputs: readonly (number | null)[] = [0, 6];
/** Builds that are asked for at a time. */
const atOnce = 500;

export function keepBuildOutputs(deps: KeepOutputsDeps): OutputKeeper {
  const { database, materialiser, onFault, now, delayMs = 5000 } = deps;
  const ended = new Set<number>();
  let ending = false;
  let timer: NodeJS.Timeout | undefined;
  let underWay = Promise.resolve();

  const after = (what: string, work: () => Promise<void>): NodeJS.Timeout =>
    setTimeout(() => {
      underWay = underWay.then(work).catch((error: unknown) => {
        if (!ending) onFault(what, error);
      });
    }, delayMs).unref();
  const takeEnded = async (): Promise<void> => {
    timer = undefined;
    const ids = [...ended];
    ended.clear();
    for (let at = 0; at < ids.length && !ending; at += atOnce) {
      for (const { status, outputs } of await database.builds.getMany(ids.slice(at, at + atOnce))) {
        if (!withOutputs.includes(status)) continue;
        const paths = Object.values(outputs).filter((path) => path !== null);
        materialiser.want(paths.map(parseStorePath), 'built');
      }
    }
  };
  const start = after('what was built before cannot be read from the database', async () => {
    for await (const { path, reason } of database.builds.retained(now())) {
      if (ending) return;
      // Those of unfinished builds are not there yet.
      if (reason.type !== 'unfinished' && !path.endsWith('.drv'))
        materialiser.want([parseStorePath(path)], 'built');
    }
  });

  return {
    finished(buildId) {
      ended.add(buildId);
      timer ??= after('the outputs of builds cannot be kept', takeEnded);
    },
    async [Symbol.asyncDispose]() {
      ending = true;
      clearTimeout(start);
      clearTimeout(timer);
      await underWay;
    },
  };
}
