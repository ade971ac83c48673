/** The lists under `/api`, which are always JSON. */

import type { Hono } from 'hono';
import type { BuildFilter } from '../../db/database.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiContext, ApiDeps, ApiEnv } from '../api-deps.ts';
import { notFound } from '../http/find-records.ts';
import { buildSummaryJson } from '../json/build-json.ts';
import { jobsetOverviewJson } from '../json/jobset-json.ts';

const maxRows = 10_000;

export function addApiRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { projects, jobsets, builds } = deps.ci.database;

  app.get('/api/latestbuilds', async (c) =>
    c.json((await builds.latest(filterOf(c), numberOf(c))).map(buildSummaryJson)),
  );

  app.get('/api/queue', async (c) => c.json((await builds.queue(numberOf(c))).map(buildSummaryJson)));

  app.get('/api/nrqueue', async (c) => c.json(await builds.countUnfinished()));

  app.get('/api/nrbuilds', async (c) => {
    const period = c.req.query('period');
    if (period !== 'hour' && period !== 'day') {
      throw new AppError('api.invalid', `period: wanted hour or day, got ${JSON.stringify(period ?? null)}`);
    }
    const counts = await builds.countsPer(period, filterOf(c), numberOf(c));
    return c.json(counts.map(({ count }) => count).toReversed());
  });

  app.get('/api/jobsets', async (c) => {
    const name = c.req.query('project');
    if (name === undefined) throw new AppError('api.invalid', "Parameter 'project' not defined!");
    const project = await projects.find(name);
    if (project === undefined) throw notFound(`Project ‘${name}’ doesn't exist.`);
    const [rows, counts] = await Promise.all([jobsets.list(project.id), jobsets.counts(project.id)]);
    return c.json(rows.map((jobset) => jobsetOverviewJson(jobset, counts.get(jobset.id))));
  });
}

/** Empty ones narrow nothing. */
function filterOf(c: ApiContext): BuildFilter {
  const { project, jobset, job, system } = c.req.query();
  return {
    ...(project ? { project } : {}),
    ...(jobset ? { jobset } : {}),
    ...(job ? { job } : {}),
    ...(system ? { system } : {}),
  };
}

/** `nr`: how many. */
function numberOf(c: ApiContext): number {
  const asked = c.req.query('nr');
  if (asked !== undefined && /^\d{1,9}$/.test(asked)) return Math.min(Number(asked), maxRows);
  throw new AppError(
    'api.invalid',
    `nr: wanted how many, got ${asked === undefined ? 'nothing' : JSON.stringify(asked)}`,
  );
}
