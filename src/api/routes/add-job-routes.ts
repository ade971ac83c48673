/** Jobs: names within a jobset, with builds over time. Also the newest good build of a jobset, a project, or of all. */

import type { Hono } from 'hono';
import type { BuildFilter } from '../../db/database.ts';
import type { BuildRecord } from '../../db/records.ts';
import type { ApiContext, ApiDeps, ApiEnv } from '../api-deps.ts';
import { answer } from '../http/answer.ts';
import { findJobset, findProject, notFound, pathPart } from '../http/find-records.ts';
import { pageLinks, pageRange } from '../http/page-range.ts';
import { redirect, restOfPath } from '../http/redirect.ts';
import { jobMetrics } from '../job-metrics.ts';
import { buildSummaryJson } from '../json/build-json.ts';
import { seconds } from '../json/seconds.ts';

/** Of a chart. */
const maxPoints = 1000;
const shieldColours: Readonly<Record<number, readonly [color: string, message: string]>> = {
  0: ['green', 'passing'],
  4: ['yellow', 'cancelled'],
};

export function addJobRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { builds } = deps.ci.database;

  const findJob = async (c: ApiContext): Promise<{ project: string; jobset: string; job: string }> => {
    const { project, name } = await findJobset(c, deps);
    return { project, jobset: name, job: pathPart(c, 'job') };
  };
  const newest = async (c: ApiContext): Promise<BuildRecord> => {
    const filter = await findJob(c);
    const [build] = await builds.latest(filter, 1);
    if (build === undefined) throw notFound(`No latest build for job ‘${filter.job}’.`);
    return build;
  };

  app.get('/job/:project/:jobset/:job', async (c) => {
    const filter = await findJob(c);
    const latest = await builds.latest(filter, 10);
    if (latest.length === 0)
      throw notFound(`Job ‘${filter.job}’ doesn't exist, or none of its builds is finished.`);
    const path = `/job/${filter.project}/${filter.jobset}/${encodeURIComponent(filter.job)}`;
    return answer(c, {
      title: `Job ${filter.project}:${filter.jobset}:${filter.job}`,
      data: { ...filter, builds: latest.map(buildSummaryJson) },
      links: [
        { text: 'Jobset', href: `/jobset/${filter.project}/${filter.jobset}` },
        { text: 'All builds', href: `${path}/all` },
        { text: 'Latest good build', href: `${path}/latest` },
        ...latest.map(({ id }) => ({ text: `Build ${id}`, href: `/build/${id}` })),
      ],
    });
  });

  app.get('/job/:project/:jobset/:job/shield', async (c) => {
    const [color, message] = shieldColours[(await newest(c)).status ?? -1] ?? ['red', 'failing'];
    return c.json({ schemaVersion: 1, label: 'hydra build', color, message });
  });

  app.get('/job/:project/:jobset/:job/prometheus', async (c) => c.text(jobMetrics(await newest(c))));

  /** Points of a chart, oldest first. */
  const addChart = (name: string, value: (build: BuildRecord) => number | null): void => {
    app.get(`/job/:project/:jobset/:job/${name}`, async (c) => {
      const latest = await builds.latest(await findJob(c), maxPoints);
      const points = latest.toReversed().flatMap((build) => {
        const number = build.status === 0 ? value(build) : null;
        return number === null || number === 0
          ? []
          : { id: build.id, timestamp: seconds(build.queuedAt), value: number };
      });
      return answer(c, { title: name, data: points });
    });
  };
  addChart('build-times', ({ startedAt, stoppedAt, isCached }) =>
    startedAt === null || stoppedAt === null || isCached ? null : seconds(stoppedAt) - seconds(startedAt),
  );
  addChart('closure-sizes', ({ closureSize }) => closureSize);
  addChart('output-sizes', ({ size }) => size);

  app.get('/job/:project/:jobset/:job/metric/:metric', async (c) => {
    const name = pathPart(c, 'metric');
    const points = await builds.metricHistory(await findJob(c), name, maxPoints);
    const data = points.map(({ buildId, queuedAt, value, unit }) => ({
      id: buildId,
      timestamp: seconds(queuedAt),
      value,
      unit,
    }));
    return answer(c, { title: `Metric ${name}`, data });
  });

  /** The same lists and links below a job, a jobset, a project and the server. */
  const addBuilds = (prefix: string, find: (c: ApiContext) => Promise<BuildFilter>): void => {
    const depth = prefix.split('/').length - 1;
    const go = (c: ApiContext, build: BuildRecord | undefined, segments: number): Response => {
      if (build === undefined) throw notFound('There is no successful build to redirect to.');
      return redirect(c, deps, `/build/${build.id}${restOfPath(c, segments)}`);
    };
    app.get(`${prefix}/all`, async (c) => {
      const range = pageRange(c);
      const { rows, total } = await builds.page(await find(c), range);
      const links = pageLinks(range, total);
      return answer(c, {
        title: 'Finished builds',
        data: { builds: rows.map(buildSummaryJson), total, ...links },
        links: [
          ...rows.map(({ id }) => ({ text: `Build ${id}`, href: `/build/${id}` })),
          ...Object.entries(links).map(([text, href]) => ({ text, href })),
        ],
      });
    });
    app.get(`${prefix}/latest/*`, async (c) => go(c, await builds.latestSucceeded(await find(c)), depth + 1));
    app.get(`${prefix}/latest-for/:system/*`, async (c) => {
      const filter = { ...(await find(c)), system: pathPart(c, 'system') };
      return go(c, await builds.latestSucceeded(filter), depth + 2);
    });
    app.get(`${prefix}/latest-finished/*`, async (c) =>
      go(c, await builds.latestOfFinishedEvaluation(await find(c)), depth + 1),
    );
  };
  addBuilds('/job/:project/:jobset/:job', findJob);
  addBuilds('/jobset/:project/:jobset', async (c) => {
    const { project, name } = await findJobset(c, deps);
    return { project, jobset: name };
  });
  addBuilds('/project/:project', async (c) => ({ project: (await findProject(c, deps)).name }));
  addBuilds('', async () => ({}));
}
