/** Looking for projects, jobsets, jobs, output paths and derivations by a part of their name. */

import type { Hono } from 'hono';
import { storeDir } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiDeps, ApiEnv } from '../api-deps.ts';
import { answer } from '../http/answer.ts';
import { buildSummaryJson } from '../json/build-json.ts';
import { jobsetJson } from '../json/jobset-json.ts';
import { projectJson } from '../json/project-json.ts';
import { loadBuildJson } from '../load-build-json.ts';

export function addSearchRoute(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { ci } = deps;
  const { projects, jobsets, builds } = ci.database;

  app.get('/search', async (c) => {
    const query = (c.req.query('query') ?? '').trim();
    if (query === '') throw new AppError('api.invalid', 'Query is empty.');
    if (query.length > 300 || !/^[\w\-/.+=?:@]+$/.test(query)) {
      throw new AppError(
        'api.invalid',
        'Invalid character in query: wanted a part of a name, letters, digits and - _ / . + = ? : @.',
      );
    }
    const asked = Number(/^\d{1,6}$/.exec(c.req.query('limit') ?? '')?.[0] ?? 10);
    const limit = Math.min(50, Math.max(1, asked));
    const small = query.toLowerCase();
    const has = (...texts: readonly string[]): boolean =>
      texts.some((text) => text.toLowerCase().includes(small));
    // Whole paths only: parts of them would mean looking at all.
    const isPath = query.startsWith(`${storeDir}/`);
    const [allProjects, allJobsets, jobs, byOutput, byDrv] = await Promise.all([
      projects.list(),
      jobsets.list(),
      builds.searchJobs(query, limit),
      isPath ? builds.byOutputPath(query, limit) : [],
      isPath ? builds.byDrvPath(query, limit) : [],
    ]);
    const foundProjects = allProjects
      .filter(({ name, displayName, description, hidden }) => !hidden && has(name, displayName, description))
      .slice(0, limit);
    const hidden = new Set(allProjects.filter((project) => project.hidden).map(({ name }) => name));
    const foundJobsets = allJobsets
      .filter(
        (jobset) => !jobset.hidden && !hidden.has(jobset.project) && has(jobset.name, jobset.description),
      )
      .slice(0, limit);
    const names = Map.groupBy(allJobsets, ({ project }) => project);
    const data = {
      projects: foundProjects.map((project) =>
        projectJson(
          project,
          (names.get(project.name) ?? []).map(({ name }) => name),
        ),
      ),
      jobsets: foundJobsets.map((jobset) => jobsetJson(jobset)),
      builds: await loadBuildJson(ci, byOutput),
      buildsdrv: await loadBuildJson(ci, byDrv),
    };
    const page = {
      projects: foundProjects.map(({ name, description }) => ({ project: name, description })),
      jobsets: foundJobsets.map(({ project, name, description }) => ({ project, jobset: name, description })),
      jobs: jobs.map(({ id, project, jobset, job }) => ({ build: id, project, jobset, job })),
      builds: [...byOutput, ...byDrv].map((build) => ({ build: build.id, ...buildSummaryJson(build) })),
    };
    return answer(c, { title: `Search for ${query}`, data, page });
  });
}
