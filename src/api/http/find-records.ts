/** The thing that an address names. What does not exist is `api.not-found`, before any database is asked about nonsense. */

import { HTTPException } from 'hono/http-exception';
import type { BuildRecord, EvaluationRecord, JobsetRecord, ProjectRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiContext, ApiDeps } from '../api-deps.ts';
import { baseUrl } from './base-url.ts';

type Deps = Pick<ApiDeps, 'ci' | 'settings'>;

/** A part of the path, decoded. */
export function pathPart(c: ApiContext, name: string): string {
  return c.req.param(name) ?? '';
}

export function pathNumber(c: ApiContext, name: string): number {
  const value = c.req.param(name) ?? '';
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number < 2 ** 31)) throw notFound(`Wanted a number in the address, got ‘${value.slice(0, 50)}’.`);
  return number;
}

export async function findProject(c: ApiContext, { ci }: Deps): Promise<ProjectRecord> {
  const name = pathPart(c, 'project');
  return (await ci.database.projects.find(name)) ?? missing(`Project ‘${name}’ doesn't exist.`);
}

/** Readers of an old name of a jobset are sent on to the new one. */
export async function findJobset(c: ApiContext, { ci, settings }: Deps): Promise<JobsetRecord> {
  const [project, name] = [pathPart(c, 'project'), pathPart(c, 'jobset')];
  const { jobsets } = ci.database;
  const jobset = await jobsets.find(project, name);
  if (jobset !== undefined) return jobset;
  const renamed = await jobsets.renamedTo(project, name);
  if (renamed === undefined) throw notFound(`Jobset ‘${project}:${name}’ doesn't exist.`);
  if (!['GET', 'HEAD'].includes(c.req.method)) {
    throw notFound(`Jobset ‘${project}:${name}’ doesn't exist any more; it is ‘${renamed}’ now.`);
  }
  const { pathname, search } = new URL(c.req.url);
  const parts = pathname.split('/');
  // `/jobset/P/J/…` and `/job/P/J/…` alike.
  parts[3] = encodeURIComponent(renamed);
  const headers = { Location: baseUrl(c, settings) + parts.join('/') + search };
  throw new HTTPException(301, { res: new Response(null, { status: 301, headers }) });
}

export async function findBuild(c: ApiContext, { ci }: Deps): Promise<BuildRecord> {
  const id = pathNumber(c, 'build');
  return (await ci.database.builds.get(id)) ?? missing(`Build with ID ${id} doesn't exist.`);
}

export async function findEvaluation(c: ApiContext, { ci }: Deps): Promise<EvaluationRecord> {
  const id = pathNumber(c, 'eval');
  return (await ci.database.evaluations.get(id)) ?? missing(`Evaluation ${id} doesn't exist.`);
}

/** Of a build or an evaluation. */
export async function projectOf(
  { ci }: Deps,
  { project }: { readonly project: string },
): Promise<ProjectRecord> {
  return (await ci.database.projects.find(project)) ?? missing(`Project ‘${project}’ doesn't exist.`);
}

export function notFound(message: string): AppError {
  return new AppError('api.not-found', message);
}

function missing(message: string): never {
  throw notFound(message);
}
