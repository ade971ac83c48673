/** The server, its builders, and what it keeps. */

import { createRoute } from '@hono/zod-openapi';
import type { z } from 'zod';
import type { BuilderStatus } from '../../../build/scheduler.ts';
import type { RetentionPlan } from '../../../ci/ci.ts';
import { AppError } from '../../../util/app-error.ts';
import type { ApiDeps } from '../../api-deps.ts';
import { requirePermission } from '../../http/require-permission.ts';
import { body, errors, json } from '../replies.ts';
import { cutPage, type Paging, pageOf, pagingQuery } from '../schemas/paging.ts';
import { builderParameters } from '../schemas/parameters.ts';
import { builder, drainRequest, retentionPlan, server } from '../schemas/server.ts';
import type { V1 } from '../v1.ts';

const getServer = createRoute({
  method: 'get',
  path: '/server',
  summary: 'What the server has in hand',
  responses: { 200: json(server, 'The server.'), ...errors },
});

const getBuilders = createRoute({
  method: 'get',
  path: '/builders',
  summary: 'The builders and what they are doing',
  request: { query: pagingQuery },
  responses: { 200: json(pageOf(builder), 'Builders.'), ...errors },
});

const drainBuilder = createRoute({
  method: 'post',
  path: '/builders/{name}/drain',
  summary: 'Give a builder no more steps, or steps again',
  request: { params: builderParameters, body: { ...body(drainRequest), required: true } },
  responses: { 200: json(builder, 'The builder as it is now.'), ...errors },
});

const getRetention = createRoute({
  method: 'get',
  path: '/retention',
  summary: 'What would be let go, and why',
  request: { query: pagingQuery },
  responses: { 200: json(retentionPlan, 'A plan; nothing was done.'), ...errors },
});

const applyRetention = createRoute({
  method: 'post',
  path: '/retention',
  summary: 'Let go what nothing keeps',
  request: { query: pagingQuery },
  responses: { 200: json(retentionPlan, 'What was let go.'), ...errors },
});

export function addServerRoutes(app: V1, deps: ApiDeps): void {
  const { ci, settings } = deps;

  app.openapi(getServer, async (c) => {
    const builders = ci.builders.list();
    return c.json(
      {
        version: settings.version,
        counts: {
          queuedBuilds: await ci.database.builds.countUnfinished(),
          runningSteps: builders.reduce((sum, { running }) => sum + running.length, 0),
          runningEvaluations: ci.evaluations.running().length,
          builders: builders.length,
        },
      },
      200,
    );
  });

  app.openapi(getBuilders, (c) =>
    c.json(cutPage(ci.builders.list().map(builderJson), c.req.valid('query')), 200),
  );

  app.openapi(drainBuilder, async (c) => {
    const user = await requirePermission(c, deps, 'administer');
    const { name } = c.req.valid('param');
    await ci.builders.setDrained(name, c.req.valid('json').drained, user.name);
    const status = ci.builders.list().find((one) => one.name === name);
    if (status === undefined) throw new AppError('builder.unknown', `there is no builder ‘${name}’`);
    return c.json(builderJson(status), 200);
  });

  app.openapi(getRetention, async (c) => {
    await requirePermission(c, deps, 'administer');
    return c.json(retentionJson(await ci.retention.plan(), c.req.valid('query')), 200);
  });

  app.openapi(applyRetention, async (c) => {
    await requirePermission(c, deps, 'administer');
    return c.json(retentionJson(await ci.retention.apply(), c.req.valid('query')), 200);
  });
}

/** A copy that may be written to, as the schema's type wants it. */
function builderJson(status: BuilderStatus): z.output<typeof builder> {
  return {
    ...status,
    systems: [...status.systems],
    emulatedSystems: [...status.emulatedSystems],
    supportedFeatures: [...status.supportedFeatures],
    mandatoryFeatures: [...status.mandatoryFeatures],
    running: [...status.running],
  };
}

function retentionJson({ kept, removed }: RetentionPlan, paging: Paging): z.output<typeof retentionPlan> {
  return { kept, removed: cutPage(removed, paging) };
}
