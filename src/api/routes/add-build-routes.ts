/** Builds, and what can be done with one. */

import type { Hono } from 'hono';
import type { Action } from '../../ci/access/may.ts';
import type { BuildRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiDeps, ApiEnv } from '../api-deps.ts';
import { answer } from '../http/answer.ts';
import { findBuild, notFound, projectOf } from '../http/find-records.ts';
import { redirect, restOfPath } from '../http/redirect.ts';
import { requirePermission } from '../http/require-permission.ts';
import { evaluationJson } from '../json/evaluation-json.ts';
import { loadBuildJson } from '../load-build-json.ts';
import { loadStepInfo } from '../load-step-info.ts';

export function addBuildRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { ci } = deps;
  const { builds, evaluations, steps } = ci.database;

  app.get('/build/:build', async (c) => {
    const build = await findBuild(c, deps);
    const [data] = await loadBuildJson(ci, [build]);
    const path = `/build/${build.id}`;
    return answer(c, {
      title: `Build ${build.id} of ${build.project}:${build.jobset}:${build.job}`,
      data,
      page: { ...data, errormsg: build.errorMessage, steps: await steps.of(build.id) },
      links: [
        { text: 'Jobset', href: `/jobset/${build.project}/${build.jobset}` },
        { text: 'Log', href: `${path}/log` },
        { text: 'Constituents', href: `${path}/constituents` },
        ...Object.entries(data?.buildproducts ?? {}).map(([number, { type, name }]) => ({
          text: `Product ${number}: ${type} ${name}`,
          href: `${path}/download/${number}`,
        })),
      ],
    });
  });

  app.get('/build/:build/constituents', async (c) => {
    const build = await findBuild(c, deps);
    const data = await loadBuildJson(ci, await builds.constituents(build.id));
    return answer(c, { title: `Constituents of build ${build.id}`, data });
  });

  app.get('/build/:build/evals', async (c) => {
    const build = await findBuild(c, deps);
    const ids = await builds.evaluationsOf(build.id);
    const records = await Promise.all(ids.map((id) => evaluations.get(id)));
    const evals = await Promise.all(
      records.flatMap((record) =>
        record === undefined
          ? []
          : evaluations.buildIds(record.id).then((members) => evaluationJson(record, members)),
      ),
    );
    return answer(c, { title: `Evaluations of build ${build.id}`, data: { evals } });
  });

  app.get('/build/:build/eval/*', async (c) => {
    const build = await findBuild(c, deps);
    const [first] = await builds.evaluationsOf(build.id);
    if (first === undefined) throw notFound(`Build ${build.id} belongs to no evaluation.`);
    return redirect(c, deps, `/eval/${first}${restOfPath(c, 3)}`);
  });

  app.get('/build/:build/api/get-info', async (c) => {
    const build = await findBuild(c, deps);
    return c.json(await loadStepInfo(ci, build));
  });

  /** Hydra changes things on GET, too. */
  const addAction = (
    name: string,
    permission: Action,
    act: (build: BuildRecord) => Promise<unknown>,
  ): void => {
    app.on(['GET', 'POST'], `/build/:build/${name}`, async (c) => {
      const build = await findBuild(c, deps);
      await requirePermission(c, deps, permission, await projectOf(deps, build));
      await act(build);
      return redirect(c, deps, `/build/${build.id}`);
    });
  };

  addAction('cancel', 'cancel', async ({ id }) => {
    const changed = await ci.builds.cancel([id]);
    if (changed.length === 0)
      throw new AppError('api.conflict', `Build ${id} cannot be cancelled: it is finished.`);
  });
  addAction('restart', 'restart', async ({ id }) => {
    const changed = await ci.builds.restart([id]);
    if (changed.length === 0) {
      throw new AppError('api.conflict', `Build ${id} cannot be restarted: it is not finished.`);
    }
  });
  addAction('bump', 'bump', ({ id }) => ci.builds.bump([id]));
  addAction('keep/0', 'keep', ({ id }) => builds.setKeep(id, false));
  addAction('keep/1', 'keep', ({ id }) => builds.setKeep(id, true));
}
