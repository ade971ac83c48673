/** Jobsets, and their evaluations as a list. */

import type { Hono } from 'hono';
import type { EvaluationRecord, ProjectRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiDeps, ApiEnv } from '../api-deps.ts';
import { jobsetSettings } from '../body/jobset-body.ts';
import { answer } from '../http/answer.ts';
import { baseUrl } from '../http/base-url.ts';
import { findJobset, findProject, notFound, pathPart, projectOf } from '../http/find-records.ts';
import { pageLinks, pageRange } from '../http/page-range.ts';
import { readParams } from '../http/read-params.ts';
import { redirect, restOfPath } from '../http/redirect.ts';
import { requirePermission } from '../http/require-permission.ts';
import { evaluationJson } from '../json/evaluation-json.ts';
import { jobsetJson } from '../json/jobset-json.ts';
import { removeJobset } from '../remove-jobset.ts';

export function addJobsetRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { ci, settings, inputTypes } = deps;
  const { jobsets, evaluations } = ci.database;
  const withBuilds = (rows: readonly EvaluationRecord[]) =>
    Promise.all(rows.map(async (row) => evaluationJson(row, await evaluations.buildIds(row.id))));

  app.get('/jobset/:project/:jobset', async (c) => {
    const jobset = await findJobset(c, deps);
    const path = `/jobset/${jobset.project}/${jobset.name}`;
    return answer(c, {
      title: `${jobset.project}:${jobset.name}`,
      data: jobsetJson(jobset),
      page: jobsetJson(jobset, { withError: true }),
      links: [
        { text: 'Project', href: `/project/${jobset.project}` },
        { text: 'Evaluations', href: `${path}/evals` },
        { text: 'Latest finished evaluation', href: `${path}/latest-eval` },
        { text: 'Builds', href: `${path}/all` },
      ],
    });
  });

  app.put('/jobset/:project/:jobset', async (c) => {
    const project = await findProject(c, deps);
    await requirePermission(c, deps, 'edit-jobset', project);
    refuseDeclarative(project);
    const name = pathPart(c, 'jobset');
    const known = await jobsets.find(project.name, name);
    const wanted = jobsetSettings(await readParams(c), name, inputTypes, known);
    const id = known?.id ?? (await jobsets.create(project.id, wanted)).id;
    if (known !== undefined) await jobsets.update(id, wanted);
    ci.evaluations.jobsetChanged(id);
    if (wanted.state !== 0 && wanted.checkInterval > 0) await ci.evaluations.trigger(id);
    const uri = `${baseUrl(c, settings)}/jobset/${project.name}/${wanted.name}`;
    const title = `${project.name}:${wanted.name}`;
    if (known !== undefined) return answer(c, { title, data: { redirect: `${uri}#tabs-configuration` } });
    const data = { name: wanted.name, uri, redirect: uri, type: 'jobset' };
    return answer(c, { title, data, status: 201, headers: { Location: uri } });
  });

  app.delete('/jobset/:project/:jobset', async (c) => {
    const jobset = await findJobset(c, deps);
    const project = await projectOf(deps, jobset);
    await requirePermission(c, deps, 'delete-jobset', project);
    refuseDeclarative(project);
    await removeJobset(ci, jobset, () => jobsets.delete(jobset.id));
    const uri = `${baseUrl(c, settings)}/project/${project.name}`;
    return answer(c, { title: 'Deleted', data: { redirect: uri }, headers: { Location: uri } });
  });

  app.get('/jobset/:project/:jobset/evals', async (c) => {
    const jobset = await findJobset(c, deps);
    const range = pageRange(c);
    const { rows, total } = await evaluations.page({ jobsetId: jobset.id }, range);
    const links = pageLinks(range, total);
    return answer(c, {
      title: `Evaluations of ${jobset.project}:${jobset.name}`,
      data: { evals: await withBuilds(rows), ...links },
      links: [
        ...rows.map(({ id }) => ({ text: `Evaluation ${id}`, href: `/eval/${id}` })),
        ...Object.entries(links).map(([text, href]) => ({ text, href })),
      ],
    });
  });

  app.get('/jobset/:project/:jobset/latest-eval/*', async (c) => {
    const jobset = await findJobset(c, deps);
    const latest = await evaluations.latestFinished(jobset.id);
    if (latest === undefined) throw notFound('No evaluation found.');
    return redirect(c, deps, `/eval/${latest.id}${restOfPath(c, 4)}`);
  });

  app.get('/jobset/:project/:jobset/errors', async (c) => {
    const jobset = await findJobset(c, deps);
    return answer(c, {
      title: `Errors of ${jobset.project}:${jobset.name}`,
      data: jobsetJson(jobset, { withError: true }),
    });
  });

  app.get('/evals', async (c) => {
    const range = pageRange(c);
    const { rows, total } = await evaluations.page({}, range);
    const counts = await evaluations.counts(rows.map(({ id }) => id));
    const evals = await withBuilds(rows);
    const data = evals.map((evaluation, at) => ({
      eval: evaluation,
      nrScheduled: counts.get(evaluation.id)?.scheduled ?? 0,
      nrSucceeded: counts.get(evaluation.id)?.succeeded ?? 0,
      nrFailed: counts.get(evaluation.id)?.failed ?? 0,
      project: rows[at]?.project,
      jobset: rows[at]?.jobset,
    }));
    const links = Object.entries(pageLinks(range, total)).map(([text, href]) => ({ text, href }));
    return answer(c, { title: 'Latest evaluations', data, links });
  });
}

function refuseDeclarative(project: ProjectRecord): void {
  if (project.declarative !== null) {
    throw new AppError('api.forbidden', "can't modify jobset of declarative project");
  }
}
