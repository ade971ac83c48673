/** Every list that the API and the pages are made of, as a call with varying arguments. */

import type { Database } from '../../src/db/database.ts';
import type { Seed } from './seed.ts';

export interface ListCall {
  readonly name: string;
  /** `round` counts up: what is asked for changes with it. Says how much came. */
  call(database: Database, round: number): Promise<number>;
}

const page = 20;

export function listCalls({ jobsets, jobs, evaluations, builds, queued }: Seed): readonly ListCall[] {
  const finished = builds - queued;
  const project = (round: number) => `project${round % 5}`;
  const jobset = (round: number) => ({ project: project(round), jobset: `jobset${round % 20}` });
  const job = (round: number) => ({
    ...jobset(round),
    job: `pkgs.group${(round * 7) % 25}.package-${(round * 7) % jobs}`,
  });
  const spread = (round: number, most: number) => (round * 7919) % Math.max(1, most);
  const list = (
    name: string,
    call: (
      database: Database,
      round: number,
    ) => Promise<{ readonly length: number } | { readonly size: number }>,
  ): ListCall => ({
    name,
    async call(database, round) {
      const found = await call(database, round);
      return 'length' in found ? found.length : found.size;
    },
  });
  const pageOf = async <T>(rows: Promise<{ readonly rows: readonly T[] }>) => (await rows).rows;
  /** Finished builds of one. */
  const ofJobset = Math.floor(finished / jobsets);

  return [
    list('builds.page', ({ builds }, n) => pageOf(builds.page({}, { offset: n * page, limit: page }))),
    list('builds.page, anywhere', ({ builds }, n) =>
      pageOf(builds.page({}, { offset: spread(n, finished - page), limit: page })),
    ),
    list('builds.page of a project', ({ builds }, n) =>
      pageOf(builds.page({ project: project(n) }, { offset: n * page, limit: page })),
    ),
    list('builds.page of a jobset', ({ builds }, n) =>
      pageOf(builds.page(jobset(n), { offset: spread(n, ofJobset - page), limit: page })),
    ),
    list('builds.page of a job', ({ builds }, n) =>
      pageOf(builds.page(job(n), { offset: n % 40, limit: page })),
    ),
    list('builds.page of a system', ({ builds }, n) =>
      pageOf(builds.page({ system: 'aarch64-linux' }, { offset: n * page, limit: page })),
    ),
    list('builds.page of a job name', ({ builds }, n) =>
      pageOf(builds.page({ job: job(n).job }, { offset: n * page, limit: page })),
    ),
    list('builds.latest, 100', ({ builds }) => builds.latest({}, 100)),
    list('builds.latest of a jobset, 100', ({ builds }, n) => builds.latest(jobset(n), 100)),
    list('builds.queue, 100', ({ builds }) => builds.queue(100)),
    list('builds.countUnfinished', async ({ builds }) => ({ size: await builds.countUnfinished() })),
    list('builds.running', ({ builds }) => builds.running()),
    list('builds.countsPer hour, 48', ({ builds }) => builds.countsPer('hour', {}, 48)),
    list('builds.countsPer day, 60', ({ builds }) => builds.countsPer('day', {}, 60)),
    list('builds.countsPer day of a job, 60', ({ builds }, n) => builds.countsPer('day', job(n), 60)),
    list('builds.searchJobs, 50', ({ builds }, n) => builds.searchJobs(`PACKAGE-${n % 50}`, 50)),
    list('builds.searchJobs, nothing', ({ builds }, n) => builds.searchJobs(`absent-${n}`, 50)),
    list('builds.latestSucceeded', async ({ builds }, n) => [await builds.latestSucceeded(job(n))]),
    list('builds.latestSucceeded of anything', async ({ builds }) => [await builds.latestSucceeded({})]),
    list('builds.latestSucceeded of a jobset', async ({ builds }, n) => [
      await builds.latestSucceeded(jobset(n)),
    ]),
    list('builds.details, 100', ({ builds }, n) =>
      builds.details(Array.from({ length: 100 }, (_, index) => spread(n + index, finished) + 1)),
    ),
    list('builds.latestOfFinishedEvaluation of a jobset', async ({ builds }, n) => [
      await builds.latestOfFinishedEvaluation(jobset(n)),
    ]),
    list('builds.latestOfFinishedEvaluation', async ({ builds }, n) => [
      await builds.latestOfFinishedEvaluation(job(n)),
    ]),
    list('builds.evaluationsOf', ({ builds }, n) => builds.evaluationsOf(spread(n, finished) + 1)),
    list('evaluations.page', ({ evaluations }, n) =>
      pageOf(evaluations.page({}, { offset: n * page, limit: page })),
    ),
    list('evaluations.page of a jobset', ({ evaluations }, n) =>
      pageOf(evaluations.page({ jobsetId: (n % jobsets) + 1 }, { offset: n, limit: page })),
    ),
    list('evaluations.page of a project', ({ evaluations }, n) =>
      pageOf(evaluations.page({ project: project(n) }, { offset: n, limit: page })),
    ),
    list('evaluations.counts, 20', (database, n) =>
      database.evaluations.counts(
        Array.from({ length: page }, (_, index) => spread(n + index, evaluations * jobsets) + 1),
      ),
    ),
    list('evaluations.buildIds, 500', (database, n) =>
      database.evaluations.buildIds(spread(n, evaluations * jobsets) + 1),
    ),
    list('evaluations.builds, 500', (database, n) =>
      database.evaluations.builds(spread(n, evaluations * jobsets) + 1),
    ),
    list('evaluations.storePaths', (database, n) =>
      database.evaluations.storePaths(spread(n, evaluations * jobsets) + 1),
    ),
    list('jobsets.list', ({ jobsets }) => jobsets.list()),
    list('jobsets.counts', ({ jobsets }) => jobsets.counts()),
    list('steps.page', ({ steps }, n) => steps.page({ offset: n * page, limit: page })),
    list('steps.running', ({ steps }) => steps.running()),
  ];
}
