/** Evaluations: what they are, their builds, and what can be done with all of their builds at once. */

import type { Hono } from 'hono';
import type { Action } from '../../ci/access/may.ts';
import { type BuildStatus, buildStatus } from '../../db/build-status.ts';
import type { EvaluationRecord, JobErrorRecord } from '../../db/records.ts';
import type { ApiDeps, ApiEnv } from '../api-deps.ts';
import { answer } from '../http/answer.ts';
import { findEvaluation, notFound, pathPart, projectOf } from '../http/find-records.ts';
import { redirect, restOfPath } from '../http/redirect.ts';
import { requirePermission } from '../http/require-permission.ts';
import { streamJsonArray } from '../http/stream-json-array.ts';
import { wantsJson } from '../http/wants-json.ts';
import { evaluationJson } from '../json/evaluation-json.ts';
import { loadBuildJson } from '../load-build-json.ts';

const { aborted, cancelled, unsupportedSystem, succeeded } = buildStatus;
const abortedStatuses: readonly BuildStatus[] = [aborted, cancelled, unsupportedSystem];
const failedStatuses = Object.values(buildStatus).filter((status) => status !== succeeded);
/** As many as a browser shows at once. */
const buildsOnPage = 1000;

export function addEvaluationRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { ci } = deps;
  const { evaluations, builds } = ci.database;

  app.get('/eval/:eval', async (c) => {
    const evaluation = await findEvaluation(c, deps);
    return answer(c, {
      title: `Evaluation ${evaluation.id} of ${evaluation.project}:${evaluation.jobset}`,
      data: evaluationJson(evaluation, await evaluations.buildIds(evaluation.id)),
      links: [
        { text: 'Jobset', href: `/jobset/${evaluation.project}/${evaluation.jobset}` },
        { text: 'Builds', href: `/eval/${evaluation.id}/builds` },
        { text: 'Errors', href: `/eval/${evaluation.id}/errors` },
      ],
    });
  });

  app.get('/eval/:eval/builds', async (c) => {
    const evaluation = await findEvaluation(c, deps);
    const ids = await evaluations.buildIds(evaluation.id);
    const load = async (some: readonly number[]) => loadBuildJson(ci, await builds.getMany(some));
    if (wantsJson(c)) {
      c.header('Vary', 'Accept');
      c.header('Content-Type', 'application/json');
      return c.body(streamJsonArray(ids, load));
    }
    return answer(c, {
      title: `Builds of evaluation ${evaluation.id}`,
      data: (await builds.getMany(ids.slice(0, buildsOnPage))).map(
        ({ id, job, system, nixName, status }) => ({
          build: id,
          job,
          system,
          nixName,
          status,
        }),
      ),
      links: [{ text: 'Evaluation', href: `/eval/${evaluation.id}` }],
    });
  });

  app.get('/eval/:eval/store-paths', async (c) => {
    const evaluation = await findEvaluation(c, deps);
    return c.json(await evaluations.storePaths(evaluation.id));
  });

  app.get('/eval/:eval/job/:job/*', async (c) => {
    const evaluation = await findEvaluation(c, deps);
    const job = pathPart(c, 'job');
    const build = await evaluations.findJob(evaluation.id, job);
    if (build === undefined) throw notFound(`Evaluation ${evaluation.id} doesn't have job ‘${job}’.`);
    return redirect(c, deps, `/build/${build.id}${restOfPath(c, 4)}`);
  });

  app.get('/eval/:eval/errors', async (c) => {
    const evaluation = await findEvaluation(c, deps);
    const errors = await evaluations.errors(evaluation.id);
    return answer(c, {
      title: `Errors of evaluation ${evaluation.id}`,
      data: {
        ...evaluationJson(evaluation, await evaluations.buildIds(evaluation.id)),
        errormsg: errorText(evaluation, errors),
      },
      page: {
        errors: errors.map(({ job, message, trace }) => ({ job, message, trace })),
        message: evaluation.errorMessage,
      },
    });
  });

  /** Hydra changes things on GET, too. */
  const addAction = (
    name: string,
    permission: Action,
    act: (evaluation: EvaluationRecord) => Promise<unknown>,
  ): void => {
    app.on(['GET', 'POST'], `/eval/:eval/${name}`, async (c) => {
      const evaluation = await findEvaluation(c, deps);
      await requirePermission(c, deps, permission, await projectOf(deps, evaluation));
      await act(evaluation);
      return redirect(c, deps, `/eval/${evaluation.id}`);
    });
  };

  addAction('cancel', 'cancel', async ({ id, jobsetId, state }) => {
    if (state === 'evaluating') await ci.evaluations.cancel(jobsetId);
    await ci.builds.cancel(await builds.idsOfEvaluation(id, [null]));
  });
  addAction('restart-aborted', 'restart', async ({ id }) =>
    ci.builds.restart(await builds.idsOfEvaluation(id, abortedStatuses)),
  );
  addAction('restart-failed', 'restart', async ({ id }) =>
    ci.builds.restart(await builds.idsOfEvaluation(id, failedStatuses)),
  );
  addAction('bump', 'bump', async ({ id }) => ci.builds.bump(await builds.idsOfEvaluation(id, [null])));
}

/** In Hydra's words, which scripts look for. */
function errorText({ errorMessage }: EvaluationRecord, errors: readonly JobErrorRecord[]): string {
  if (errorMessage !== null && errorMessage !== '') return errorMessage;
  return errors.map(({ job, message }) => `in job ‘${job}’:\n${message}\n\n`).join('');
}
