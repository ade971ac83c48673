/** What caches let go. */

import { createRoute } from '@hono/zod-openapi';
import type { z } from 'zod';
import type {
  CacheRetention,
  CacheRetentionPlan,
  RemovedFile,
} from '../../../cache/retention/cache-retention.ts';
import type { ApiDeps } from '../../api-deps.ts';
import { notFound } from '../../http/find-records.ts';
import { requirePermission } from '../../http/require-permission.ts';
import { errors, json } from '../replies.ts';
import { cutPage, type Paging, pagingQuery } from '../schemas/paging.ts';
import { cacheRetentionPlan } from '../schemas/server.ts';
import type { V1 } from '../v1.ts';

const getPlan = createRoute({
  method: 'get',
  path: '/caches/retention',
  summary: 'What caches would let go, and why',
  request: { query: pagingQuery },
  responses: { 200: json(cacheRetentionPlan, 'A plan; nothing was done.'), ...errors },
});

const apply = createRoute({
  method: 'post',
  path: '/caches/retention',
  summary: 'Let caches go what nothing keeps',
  request: { query: pagingQuery },
  responses: { 200: json(cacheRetentionPlan, 'What went.'), ...errors },
});

export function addCacheRetentionRoutes(app: V1, deps: ApiDeps): void {
  const find = (): CacheRetention => {
    if (deps.cacheRetention === undefined) throw notFound('This server keeps no caches.');
    return deps.cacheRetention;
  };

  app.openapi(getPlan, async (c) => {
    await requirePermission(c, deps, 'administer');
    return c.json(planJson(await find().plan(c.req.raw.signal), c.req.valid('query')), 200);
  });

  app.openapi(apply, async (c) => {
    await requirePermission(c, deps, 'administer');
    // To its end, also when whoever asked for it does not wait.
    return c.json(planJson(await find().apply(), c.req.valid('query')), 200);
  });
}

function planJson(
  { keptPaths, paths, files, extras }: CacheRetentionPlan,
  paging: Paging,
): z.output<typeof cacheRetentionPlan> {
  return {
    keptPaths,
    paths: cutPage(paths, paging),
    files: {
      now: sum(files.filter(({ notBefore }) => notBefore === null).map(sizeOf)),
      later: sum(files.filter(({ notBefore }) => notBefore !== null).map(sizeOf)),
    },
    extras: {
      logs: sum(extras.filter(({ kind }) => kind === 'log')),
      realisations: sum(extras.filter(({ kind }) => kind !== 'log')),
      list: cutPage(extras, paging),
    },
  };
}

const sizeOf = ({ fileSize }: RemovedFile): { readonly bytes: number } => ({ bytes: fileSize });

function sum(all: readonly { readonly bytes: number }[]): { count: number; bytes: number } {
  return { count: all.length, bytes: all.reduce((total, { bytes }) => total + bytes, 0) };
}
