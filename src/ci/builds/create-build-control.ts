/** What people do to builds. The database decides what is possible; the queue follows. */

import type { Scheduler } from '../../build/scheduler.ts';
import { buildStatus } from '../../db/build-status.ts';
import type { Database } from '../../db/database.ts';
import type { CiEvent } from '../../events/event.ts';
import { isStorePath } from '../../nix/store-path.ts';
import type { Store } from '../../store/store.ts';
import type { BuildControl } from '../ci.ts';
import type { GcRoots } from '../retention/gc-roots.ts';
import type { BuildLoop } from './create-build-loop.ts';

export interface BuildControlDeps {
  readonly database: Pick<Database, 'builds'>;
  readonly scheduler: Pick<Scheduler, 'reprioritise' | 'explain'>;
  readonly store: Pick<Store, 'queryValidPaths'>;
  readonly roots: Pick<GcRoots, 'ensure'>;
  readonly loop: Pick<BuildLoop, 'take' | 'leave'>;
  readonly emit: (event: CiEvent) => void;
  readonly onFinished: (jobsetId: number) => void;
  readonly now: () => number;
}

export function createBuildControl(deps: BuildControlDeps): BuildControl {
  const { scheduler, store, roots, loop, emit, onFinished, now } = deps;
  const { builds } = deps.database;
  return {
    async cancel(ids) {
      const changed = await builds.cancel(ids, now());
      loop.leave(changed);
      for (const { id: build, jobsetId, project, jobset, job } of await builds.getMany(changed)) {
        const status = buildStatus.cancelled;
        emit({ type: 'ci.build.finished', build, project, jobset, job, status });
        onFinished(jobsetId);
      }
      return changed;
    },
    async restart(ids) {
      const drvPaths = (await builds.getMany(ids)).map(({ drvPath }) => drvPath).filter(isStorePath);
      // Roots first. A derivation that is gone has none: its build is aborted, which says so.
      await roots.ensure(await store.queryValidPaths(drvPaths));
      const changed = await builds.restart(ids);
      await loop.take(changed);
      for (const { id: build, project, jobset, job } of await builds.getMany(changed)) {
        emit({ type: 'ci.build.queued', build, project, jobset, job });
      }
      return changed;
    },
    async bump(ids) {
      const globalPriority = Math.floor(now() / 1000);
      const changed = await builds.bump(ids, globalPriority);
      for (const id of changed) scheduler.reprioritise(id, { globalPriority });
      return changed;
    },
    explain: (id) => scheduler.explain(id),
  };
}
