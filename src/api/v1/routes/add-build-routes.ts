/** Builds: all that is known of one, why it waits, what can be done with it, and its logs. */

import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Action } from '../../../ci/access/may.ts';
import type { BuildRecord, StepRecord } from '../../../db/records.ts';
import type { ApiDeps } from '../../api-deps.ts';
import { notFound, projectOf } from '../../http/find-records.ts';
import { requirePermission } from '../../http/require-permission.ts';
import { serveLog } from '../../serve-log.ts';
import { explainWait } from '../explain-wait.ts';
import { errors, json } from '../replies.ts';
import { build, buildActionReply, step, why } from '../schemas/build.ts';
import { cutPage, pageOf, pagingQuery } from '../schemas/paging.ts';
import { buildParameters, stepParameters } from '../schemas/parameters.ts';
import type { V1 } from '../v1.ts';

const getBuild = createRoute({
  method: 'get',
  path: '/builds/{id}',
  summary: 'A build with its steps and products',
  request: { params: buildParameters },
  responses: { 200: json(build, 'All that is known of it.'), ...errors },
});

const getSteps = createRoute({
  method: 'get',
  path: '/builds/{id}/steps',
  summary: 'The steps of a build',
  request: { params: buildParameters, query: pagingQuery },
  responses: { 200: json(pageOf(step), 'In the order they began.'), ...errors },
});

const getWhy = createRoute({
  method: 'get',
  path: '/builds/{id}/why',
  summary: 'Why a build is not building',
  request: { params: buildParameters },
  responses: { 200: json(why, 'The reason, for programs and for people.'), ...errors },
});

const act = createRoute({
  method: 'post',
  path: '/builds/{id}/{action}',
  summary: 'Cancel, restart or bump a build',
  request: {
    params: buildParameters.extend({ action: z.enum(['cancel', 'restart', 'bump']) }),
  },
  responses: { 200: json(buildActionReply, 'Whether it changed anything.'), ...errors },
});

const getLog = createRoute({
  method: 'get',
  path: '/builds/{id}/steps/{step}/log',
  summary: 'The log of a step: bytes, or on and on as it is written',
  request: {
    params: stepParameters,
    query: z.object({
      follow: z.enum(['0', '1']).default('0').meta({ description: '1: until the step ends.' }),
      tail: z
        .string()
        .regex(/^\d{1,6}$/, 'wanted a whole number')
        .transform(Number)
        .optional()
        .meta({ type: 'integer', description: 'Only so many of its last lines.' }),
    }),
  },
  responses: {
    200: { description: 'The log.', content: { 'text/plain': { schema: z.string() } } },
    206: { description: 'The range that was asked for.', content: { 'text/plain': { schema: z.string() } } },
    416: { description: 'There is nothing of that range.' },
    ...errors,
  },
});

export function addBuildRoutes(app: V1, deps: ApiDeps): void {
  const { ci } = deps;
  const { builds, steps } = ci.database;
  const find = async (id: number): Promise<BuildRecord> => {
    const found = await builds.get(id);
    if (found === undefined) throw notFound(`Build with ID ${id} doesn't exist.`);
    return found;
  };

  app.openapi(getBuild, async (c) => {
    const { jobsetId: _, ...record } = await find(c.req.valid('param').id);
    const details = (await builds.details([record.id])).get(record.id);
    return c.json(
      {
        ...record,
        evaluations: [...(details?.evaluations ?? [])],
        products: [...(details?.products ?? [])],
        metrics: [...(details?.metrics ?? [])],
        steps: (await steps.of(record.id)).map(stepJson),
      },
      200,
    );
  });

  app.openapi(getSteps, async (c) => {
    const { id } = await find(c.req.valid('param').id);
    return c.json(cutPage((await steps.of(id)).map(stepJson), c.req.valid('query')), 200);
  });

  app.openapi(getWhy, async (c) => {
    const { id, status } = await find(c.req.valid('param').id);
    // Through JSON, whose types are not readonly.
    const reason = status === null ? ci.builds.explain(id) : { type: 'finished' as const, status };
    const sentence = explainWait(reason, deps.now());
    return c.json(why.parse({ build: id, reason, sentence }), 200);
  });

  app.openapi(act, async (c) => {
    const { id, action } = c.req.valid('param');
    const found = await find(id);
    await requirePermission(c, deps, action satisfies Action, await projectOf(deps, found));
    const changed = await ci.builds[action]([id]);
    return c.json({ build: id, changed: changed.includes(id) }, 200);
  });

  app.openapi(getLog, async (c) => {
    const { id, step: number } = c.req.valid('param');
    const { follow, tail } = c.req.valid('query');
    const found = await steps.get(id, number);
    if (found === undefined) throw notFound(`Build ${id} doesn't have a step ${number}.`);
    return serveLog(c, ci.logs, { file: found.logFile, tail, follow: follow === '1' });
  });
}

function stepJson({ logFile, ...record }: StepRecord): z.output<typeof step> {
  return { ...record, hasLog: logFile !== null, outputs: { ...record.outputs } };
}
