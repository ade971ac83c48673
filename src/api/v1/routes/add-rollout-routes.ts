/** Rollouts: planning, approving and steering them, and how they stand. */

import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { rolloutLogFile } from '../../../ci/rollouts/rollout-log.ts';
import type { RolloutRequest } from '../../../ci/rollouts/rollouts.ts';
import type { ProjectRecord, UserRecord } from '../../../db/records.ts';
import type { RolloutRecord } from '../../../db/rollout-records.ts';
import { parseJson } from '../../../util/parse-json.ts';
import type { ApiContext, ApiDeps } from '../../api-deps.ts';
import { notFound } from '../../http/find-records.ts';
import { requirePermission } from '../../http/require-permission.ts';
import { serveLog } from '../../serve-log.ts';
import { body, errors, json } from '../replies.ts';
import { cutPage, pageOf, pagingQuery } from '../schemas/paging.ts';
import { rolloutParameters } from '../schemas/parameters.ts';
import {
  journalEntry,
  rollout,
  rolloutChange,
  rolloutDetails,
  rolloutPlan,
  rolloutRequest,
} from '../schemas/rollout.ts';
import type { V1 } from '../v1.ts';

const create = createRoute({
  method: 'post',
  path: '/rollouts',
  summary: 'Plan a rollout of an evaluation; nothing is done before it is approved',
  request: { body: body(rolloutRequest) },
  responses: {
    200: json(rolloutPlan, 'What would be planned: a dry run.'),
    201: json(rolloutDetails, 'It is kept, and waits to be approved.'),
    ...errors,
  },
});

const list = createRoute({
  method: 'get',
  path: '/rollouts',
  summary: 'Rollouts, newest first',
  request: {
    query: pagingQuery.extend({
      project: z.string().optional(),
      jobset: z.string().optional(),
      state: rollout.shape.state.optional(),
    }),
  },
  responses: { 200: json(pageOf(rollout), 'Those that fit.'), ...errors },
});

const get = createRoute({
  method: 'get',
  path: '/rollouts/{id}',
  summary: 'A rollout with its plan and how each host fares',
  request: { params: rolloutParameters },
  responses: { 200: json(rolloutDetails, 'All that is known of it.'), ...errors },
});

const getJournal = createRoute({
  method: 'get',
  path: '/rollouts/{id}/journal',
  summary: 'What a rollout did, entry by entry',
  request: { params: rolloutParameters, query: pagingQuery },
  responses: { 200: json(pageOf(journalEntry), 'In order; the first has the plan.'), ...errors },
});

const getChanges = createRoute({
  method: 'get',
  path: '/rollouts/{id}/changes',
  summary: 'What changes on each host of a rollout, against what it ran before',
  request: { params: rolloutParameters, query: pagingQuery },
  responses: {
    200: json(pageOf(rolloutChange), 'Hosts of which it is known: those that were begun.'),
    ...errors,
  },
});

const getLog = createRoute({
  method: 'get',
  path: '/rollouts/{id}/hosts/{host}/log',
  summary: 'What was printed on a host: bytes, or on and on as it is written',
  request: {
    params: rolloutParameters.extend({ host: z.string() }),
    query: z.object({
      follow: z.enum(['0', '1']).default('0').meta({ description: '1: until the rollout ends.' }),
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

const act = createRoute({
  method: 'post',
  path: '/rollouts/{id}/{action}',
  summary: 'Approve, pause, resume or abort a rollout',
  request: {
    params: rolloutParameters.extend({ action: z.enum(['approve', 'pause', 'resume', 'abort']) }),
  },
  responses: { 200: json(rollout, 'How it stands now.'), ...errors },
});

export function addRolloutRoutes(app: V1, deps: ApiDeps): void {
  const { ci } = deps;
  const { rollouts, projects } = ci.database;

  const find = async (id: string): Promise<RolloutRecord> => {
    const found = await rollouts.get(id);
    if (found === undefined) throw notFound(`Rollout ‘${id}’ doesn't exist.`);
    return found;
  };
  /** Of a project that is gone, administrators may do it. */
  const allowed = async (c: ApiContext, project: string): Promise<UserRecord> => {
    const found: ProjectRecord | undefined = await projects.find(project);
    return requirePermission(c, deps, 'roll-out', found);
  };
  const details = async (record: RolloutRecord) =>
    // Through the schema, whose types are not readonly.
    rolloutDetails.parse({
      ...record,
      plan: parseJson(record.plan),
      leftOut: parseJson(record.leftOut),
      hosts: await rollouts.hosts(record.id),
    });

  app.openapi(create, async (c) => {
    const { dryRun, ...wanted } = c.req.valid('json');
    const user = await allowed(c, wanted.project);
    const request: RolloutRequest = { ...wanted, policy: onlySaid(wanted.policy) };
    if (dryRun) return c.json(rolloutPlan.parse(await ci.rollouts.plan(request)), 200);
    return c.json(await details(await ci.rollouts.create(request, user.name)), 201);
  });

  app.openapi(list, async (c) => {
    const { limit, offset, ...filter } = c.req.valid('query');
    const { rows, total } = await rollouts.page(filter, { limit, offset });
    const end = offset + rows.length;
    const items = rows.map((record) => rollout.parse(record));
    return c.json({ items, total, next: end < total ? end : null }, 200);
  });

  app.openapi(get, async (c) => c.json(await details(await find(c.req.valid('param').id)), 200));

  app.openapi(getJournal, async (c) => {
    const { id } = await find(c.req.valid('param').id);
    const entries = (await rollouts.entries(id)).map((text) => journalEntry.parse(parseJson(text)));
    return c.json(cutPage(entries, c.req.valid('query')), 200);
  });

  app.openapi(getChanges, async (c) => {
    const { id } = await find(c.req.valid('param').id);
    const changes = (await rollouts.entries(id)).flatMap((text) => {
      const entry = journalEntry.parse(parseJson(text));
      return entry.type === 'diff' ? [rolloutChange.parse({ host: entry.host, diff: entry.diff })] : [];
    });
    return c.json(cutPage(changes, c.req.valid('query')), 200);
  });

  app.openapi(getLog, async (c) => {
    const { id, host } = c.req.valid('param');
    const { follow, tail } = c.req.valid('query');
    const hosts = await rollouts.hosts((await find(id)).id);
    const position = hosts.findIndex((one) => one.host === host);
    if (position === -1) throw notFound(`Rollout ‘${id}’ has no host ‘${host}’.`);
    return serveLog(c, ci.logs, { file: rolloutLogFile(id, position), tail, follow: follow === '1' });
  });

  app.openapi(act, async (c) => {
    const { id, action } = c.req.valid('param');
    const user = await allowed(c, (await find(id)).project);
    await ci.rollouts[action](id, user.name);
    return c.json(rollout.parse(await find(id)), 200);
  });
}

/** What is undefined was not said. */
function onlySaid(policy: z.output<typeof rolloutRequest>['policy']): RolloutRequest['policy'] {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined));
}
