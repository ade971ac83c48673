/**
 * What is kept from the garbage collector, and what is let go. The database says what is wanted and why (`retained`).
 * Every other root goes, once nobody has asked for it for an hour: what a younger one belongs to may not be in the
 * database yet.
 *
 * `apply` also puts back roots that are wanted and missing, where the store still has their paths.
 */

import type { Database } from '../../db/database.ts';
import type { BuildRecord } from '../../db/records.ts';
import { isStorePath, type StorePath } from '../../nix/store-path.ts';
import type { Store } from '../../store/store.ts';
import type { Retention, RetentionPlan } from '../ci.ts';
import type { GcRoots } from './gc-roots.ts';

export interface RetentionDeps {
  readonly database: Pick<Database, 'builds'>;
  readonly store: Pick<Store, 'queryValidPaths'>;
  readonly roots: GcRoots;
  readonly now: () => number;
}

const youngMs = 3_600_000;
const pathsPerQuestion = 1000;

export function createRetention({ database, store, roots, now }: RetentionDeps): Retention {
  const decide = async (): Promise<
    RetentionPlan & { readonly missing: readonly StorePath[]; readonly at: number }
  > => {
    const at = now();
    const wanted = new Set<string>();
    for await (const { path } of database.builds.retained(at)) wanted.add(path);
    const removed: RetentionPlan['removed'][number][] = [];
    let kept = 0;
    for (const { link, path, madeAt } of await roots.list()) {
      const stays = wanted.delete(path) || madeAt > at - youngMs;
      if (stays) kept += 1;
      else removed.push({ root: link, path, why: await whyNot(path) });
    }
    return { kept, removed, missing: [...wanted].filter(isStorePath), at };
  };

  const whyNot = async (path: string): Promise<string> => {
    const { builds } = database;
    const [build] = await (path.endsWith('.drv') ? builds.byDrvPath(path, 1) : builds.byOutputPath(path, 1));
    return build === undefined
      ? 'no build in the database has it'
      : `build ${build.id} (${nameOf(build)}) is not pinned, not in an evaluation that is kept, and not the latest good one`;
  };

  const restore = async (missing: readonly StorePath[]): Promise<void> => {
    for (let at = 0; at < missing.length; at += pathsPerQuestion) {
      await roots.ensure(await store.queryValidPaths(missing.slice(at, at + pathsPerQuestion)));
    }
  };

  return {
    async plan() {
      const { kept, removed } = await decide();
      return { kept, removed };
    },
    async apply() {
      const { kept, removed, missing, at } = await decide();
      await restore(missing);
      const gone: RetentionPlan['removed'][number][] = [];
      for (const root of removed) {
        if (isStorePath(root.path) && (await roots.remove(root.path, at))) gone.push(root);
      }
      return { kept: kept + removed.length - gone.length, removed: gone };
    },
  };
}

function nameOf({ project, jobset, job }: BuildRecord): string {
  return `${project}:${jobset}:${job}`;
}
