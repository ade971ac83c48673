/** Hosts: what the server knows of them, and whether they take part in rollouts. */

import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { HostRecord } from '../../../db/rollout-records.ts';
import { parseJson } from '../../../util/parse-json.ts';
import type { ApiContext, ApiDeps } from '../../api-deps.ts';
import { notFound } from '../../http/find-records.ts';
import { requirePermission } from '../../http/require-permission.ts';
import { body, errors, json } from '../replies.ts';
import { cutPage, pageOf, pagingQuery } from '../schemas/paging.ts';
import { hostParameters } from '../schemas/parameters.ts';
import { cordonRequest, host } from '../schemas/rollout.ts';
import type { V1 } from '../v1.ts';

const list = createRoute({
  method: 'get',
  path: '/hosts',
  summary: 'The hosts that were rolled out to, by project and name',
  request: { query: pagingQuery.extend({ project: z.string().optional() }) },
  responses: { 200: json(pageOf(host), 'What is known of each.'), ...errors },
});

const cordon = createRoute({
  method: 'post',
  path: '/hosts/{project}/{host}/cordon',
  summary: 'Leave a host out of rollouts',
  request: { params: hostParameters, body: body(cordonRequest) },
  responses: { 200: json(host, 'How it stands now.'), ...errors },
});

const uncordon = createRoute({
  method: 'post',
  path: '/hosts/{project}/{host}/uncordon',
  summary: 'Let a host take part in rollouts again',
  request: { params: hostParameters },
  responses: { 200: json(host, 'How it stands now.'), ...errors },
});

const remove = createRoute({
  method: 'delete',
  path: '/hosts/{project}/{host}',
  summary: 'Forget a host: what it runs and ran is kept no longer',
  request: { params: hostParameters },
  responses: { 200: json(z.object({ removed: z.string() }), 'It is forgotten.'), ...errors },
});

export function addHostRoutes(app: V1, deps: ApiDeps): void {
  const { ci } = deps;
  const { hosts, projects } = ci.database;

  const allowed = async (c: ApiContext, project: string) => {
    const found = await projects.find(project);
    if (found === undefined) throw notFound(`Project ‘${project}’ doesn't exist.`);
    return requirePermission(c, deps, 'roll-out', found);
  };
  const answer = async (project: string, name: string) => {
    const found = await hosts.find(project, name);
    if (found === undefined) throw notFound(`Project ‘${project}’ has no host ‘${name}’.`);
    return hostJson(found);
  };

  app.openapi(list, async (c) => {
    const { project, ...paging } = c.req.valid('query');
    return c.json(cutPage((await hosts.list(project)).map(hostJson), paging), 200);
  });

  app.openapi(cordon, async (c) => {
    const { project, host: name } = c.req.valid('param');
    const user = await allowed(c, project);
    // Without a body there is no reason.
    const reason = c.req.valid('json')?.reason ?? '';
    await ci.rollouts.setCordon(project, name, { by: user.name, reason });
    return c.json(await answer(project, name), 200);
  });

  app.openapi(uncordon, async (c) => {
    const { project, host: name } = c.req.valid('param');
    await allowed(c, project);
    await answer(project, name);
    await ci.rollouts.setCordon(project, name, null);
    return c.json(await answer(project, name), 200);
  });

  app.openapi(remove, async (c) => {
    const { project, host: name } = c.req.valid('param');
    const found = await projects.find(project);
    await requirePermission(c, deps, 'roll-out', found);
    await ci.rollouts.removeHost(project, name);
    return c.json({ removed: name }, 200);
  });
}

function hostJson(record: HostRecord): z.output<typeof host> {
  return host.parse({ ...record, facts: record.facts === null ? null : parseJson(record.facts) });
}
