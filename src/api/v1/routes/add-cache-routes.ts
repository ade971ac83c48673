/** Caches of the server, made, changed and taken away by administrators, with their tokens and pins. */

import { createRoute } from '@hono/zod-openapi';
import type { z } from 'zod';
import { createCacheAdmin } from '../../../cache/manage/cache-admin.ts';
import type { CacheRecord } from '../../../db/cache-records.ts';
import { AppError } from '../../../util/app-error.ts';
import type { ApiContext, ApiDeps } from '../../api-deps.ts';
import { requirePermission } from '../../http/require-permission.ts';
import { body, errors, json } from '../replies.ts';
import {
  cacheChange,
  cacheOverview,
  cachePin,
  cache as cacheSchema,
  cacheSummary,
  cacheToken,
  newCache,
  newCachePin,
  newCacheToken,
  newCacheTokenReply,
} from '../schemas/cache.ts';
import { cutPage, pageOf, pagingQuery } from '../schemas/paging.ts';
import { cacheParameters, cachePinParameters, cacheTokenParameters } from '../schemas/parameters.ts';
import type { V1 } from '../v1.ts';

const wanted = <T extends z.ZodType>(schema: T) => ({ ...body(schema), required: true as const });

const routes = {
  list: createRoute({
    method: 'get',
    path: '/caches',
    summary: 'The caches of the server',
    request: { query: pagingQuery },
    responses: { 200: json(pageOf(cacheSummary), 'The one at the root is named main.'), ...errors },
  }),
  show: createRoute({
    method: 'get',
    path: '/caches/{cache}',
    summary: 'One cache, with its pins and tokens',
    request: { params: cacheParameters },
    responses: { 200: json(cacheOverview, 'Of tokens never the secrets.'), ...errors },
  }),
  create: createRoute({
    method: 'post',
    path: '/caches',
    summary: 'Make a cache',
    request: { body: wanted(newCache) },
    responses: { 201: json(cacheSchema, 'The cache.'), ...errors },
  }),
  edit: createRoute({
    method: 'patch',
    path: '/caches/{cache}',
    summary: 'Change a cache; what is left out stays as it is',
    request: { params: cacheParameters, body: wanted(cacheChange) },
    responses: { 200: json(cacheSchema, 'The cache as it is now.'), ...errors },
  }),
  delete: createRoute({
    method: 'delete',
    path: '/caches/{cache}',
    summary: 'Take a cache away, with its paths, pins and tokens',
    request: { params: cacheParameters },
    responses: { 200: json(cacheSchema, 'The cache as it was.'), ...errors },
  }),
  tokens: createRoute({
    method: 'get',
    path: '/caches/{cache}/tokens',
    summary: 'The tokens of a cache',
    request: { params: cacheParameters, query: pagingQuery },
    responses: { 200: json(pageOf(cacheToken), 'Without their secrets.'), ...errors },
  }),
  createToken: createRoute({
    method: 'post',
    path: '/caches/{cache}/tokens',
    summary: 'Make a token of a cache',
    request: { params: cacheParameters, body: wanted(newCacheToken) },
    responses: { 201: json(newCacheTokenReply, 'The token, with its secret.'), ...errors },
  }),
  revokeToken: createRoute({
    method: 'delete',
    path: '/caches/{cache}/tokens/{id}',
    summary: 'Take a token of a cache back',
    request: { params: cacheTokenParameters },
    responses: { 204: { description: 'It is not known any more.' }, ...errors },
  }),
  pin: createRoute({
    method: 'put',
    path: '/caches/{cache}/pins/{pin}',
    summary: 'Keep a path in a cache, with all that it refers to; replaces a pin of that name',
    request: { params: cachePinParameters, body: wanted(newCachePin) },
    responses: { 200: json(cachePin, 'The pin.'), ...errors },
  }),
  unpin: createRoute({
    method: 'delete',
    path: '/caches/{cache}/pins/{pin}',
    summary: 'Remove a pin',
    request: { params: cachePinParameters },
    responses: { 204: { description: 'It is there no more.' }, ...errors },
  }),
};

export function addCacheRoutes(app: V1, deps: ApiDeps): void {
  const admin = createCacheAdmin({ database: deps.ci.database, now: deps.now });
  const allow = (c: ApiContext) => requirePermission(c, deps, 'administer');
  const refusePast = (expiresAt: number | null): void => {
    if (expiresAt === null || expiresAt > deps.now()) return;
    throw new AppError('api.invalid', 'expiresAt: wanted a time to come, in milliseconds since 1970');
  };

  app.openapi(routes.list, async (c) => {
    await allow(c);
    return c.json(cutPage((await admin.list()).map(shown), c.req.valid('query')), 200);
  });
  app.openapi(routes.show, async (c) => {
    await allow(c);
    const { pins, tokens, ...cache } = await admin.show(c.req.valid('param').cache);
    return c.json({ ...shown(cache), pins: [...pins], tokens: [...tokens] }, 200);
  });
  app.openapi(routes.create, async (c) => {
    await allow(c);
    const { name, ...change } = c.req.valid('json');
    return c.json(shown(await admin.create(name, change)), 201);
  });
  app.openapi(routes.edit, async (c) => {
    await allow(c);
    return c.json(shown(await admin.edit(c.req.valid('param').cache, c.req.valid('json'))), 200);
  });
  app.openapi(routes.delete, async (c) => {
    await allow(c);
    return c.json(shown(await admin.delete(c.req.valid('param').cache)), 200);
  });
  app.openapi(routes.tokens, async (c) => {
    await allow(c);
    return c.json(cutPage(await admin.tokens(c.req.valid('param').cache), c.req.valid('query')), 200);
  });
  app.openapi(routes.createToken, async (c) => {
    await allow(c);
    const token = c.req.valid('json');
    refusePast(token.expiresAt);
    return c.json(await admin.createToken(c.req.valid('param').cache, token), 201);
  });
  app.openapi(routes.revokeToken, async (c) => {
    await allow(c);
    const { cache, id } = c.req.valid('param');
    await admin.revokeToken(cache, id);
    return c.body(null, 204);
  });
  app.openapi(routes.pin, async (c) => {
    await allow(c);
    const { cache, pin: name } = c.req.valid('param');
    const { path, expiresAt } = c.req.valid('json');
    refusePast(expiresAt);
    return c.json(await admin.pin(cache, { name, path, expiresAt }), 200);
  });
  app.openapi(routes.unpin, async (c) => {
    await allow(c);
    const { cache, pin } = c.req.valid('param');
    await admin.unpin(cache, pin);
    return c.body(null, 204);
  });
}

function shown<T extends CacheRecord>(cache: T): T & { keys: string[] } {
  return { ...cache, keys: [...cache.keys] };
}
