/** What inputs ask about builds (`BuildLookup` of the inputs room), answered from the database. */

import { buildStatus } from '../../db/build-status.ts';
import type { Database } from '../../db/database.ts';
import type { BuildRecord } from '../../db/records.ts';
import type { BuildLookup, BuildReference } from '../../inputs/input.ts';
import { isStorePath, type StorePath } from '../../nix/store-path.ts';

/** Finished builds of a job that are looked at to see for which systems it is built. */
const recentBuilds = 200;

export function createBuildLookup(
  database: Pick<Database, 'builds' | 'evaluations' | 'jobsets'>,
): BuildLookup {
  const { builds, evaluations, jobsets } = database;

  const finishedEvaluationOf = async (buildId: number): Promise<number | undefined> => {
    const ids = await builds.evaluationsOf(buildId);
    const counts = await evaluations.counts(ids);
    for (const id of ids.toSorted((a, b) => b - a)) {
      if (counts.get(id)?.scheduled === 0 && (await evaluations.get(id))?.state === 'done') return id;
    }
    return undefined;
  };

  return {
    async build(id) {
      return referenceOf(await builds.get(id));
    },
    async latestSucceeded(job) {
      return referenceOf(await builds.latestSucceeded(job));
    },
    async latestSucceededPerSystem(job) {
      const systems = new Set((await builds.latest(job, recentBuilds)).map(({ system }) => system));
      const found: BuildReference[] = [];
      for (const system of [...systems].sort()) {
        const reference = referenceOf(await builds.latestSucceeded({ ...job, system }));
        if (reference !== undefined) found.push(reference);
      }
      return found;
    },
    async evaluation(id) {
      if ((await evaluations.get(id)) === undefined) return undefined;
      return (await evaluations.builds(id)).flatMap((build) => referenceOf(build) ?? []);
    },
    async latestFinishedEvaluation({ project, jobset, job }) {
      if (job !== undefined) {
        const build = await builds.latestOfFinishedEvaluation({ project, jobset, job });
        return build === undefined ? undefined : finishedEvaluationOf(build.id);
      }
      const record = await jobsets.find(project, jobset);
      return record === undefined ? undefined : (await evaluations.latestFinished(record.id))?.id;
    },
  };
}

/** Undefined for a build that did not succeed, or whose outputs are not all known. */
function referenceOf(build: BuildRecord | undefined): BuildReference | undefined {
  if (build === undefined || build.status !== buildStatus.succeeded || !isStorePath(build.drvPath)) {
    return undefined;
  }
  const outputs: Record<string, StorePath> = {};
  for (const [name, path] of Object.entries(build.outputs)) {
    if (path === null || !isStorePath(path)) return undefined;
    outputs[name] = path;
  }
  const { id, job, system, drvPath, nixName, releaseName } = build;
  return { id, job, system, drvPath, nixName, releaseName, outputs };
}
