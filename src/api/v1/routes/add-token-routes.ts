/** Tokens: each user makes and takes back his own. */

import { createRoute } from '@hono/zod-openapi';
import { AppError } from '../../../util/app-error.ts';
import type { ApiDeps } from '../../api-deps.ts';
import { notFound } from '../../http/find-records.ts';
import { requireIntent, requireUser } from '../../http/require-permission.ts';
import { body, errors, json } from '../replies.ts';
import { cutPage, pageOf, pagingQuery } from '../schemas/paging.ts';
import { tokenParameters } from '../schemas/parameters.ts';
import { newTokenReply, newTokenRequest, token } from '../schemas/token.ts';
import type { V1 } from '../v1.ts';

const getTokens = createRoute({
  method: 'get',
  path: '/tokens',
  summary: "The caller's tokens",
  request: { query: pagingQuery },
  responses: { 200: json(pageOf(token), 'Without their secrets.'), ...errors },
});

const makeToken = createRoute({
  method: 'post',
  path: '/tokens',
  summary: 'Make a token',
  request: { body: { ...body(newTokenRequest), required: true } },
  responses: { 201: json(newTokenReply, 'The token, with its secret.'), ...errors },
});

const deleteToken = createRoute({
  method: 'delete',
  path: '/tokens/{id}',
  summary: 'Take a token back',
  request: { params: tokenParameters },
  responses: { 204: { description: 'It is not known any more.' }, ...errors },
});

export function addTokenRoutes(app: V1, deps: ApiDeps): void {
  const { users } = deps.ci.database;

  app.openapi(getTokens, async (c) => {
    const user = requireUser(c);
    return c.json(cutPage(await users.tokens(user.name), c.req.valid('query')), 200);
  });

  app.openapi(makeToken, async (c) => {
    const user = requireUser(c);
    const wanted = c.req.valid('json');
    if (wanted.expiresAt !== null && wanted.expiresAt <= deps.now()) {
      throw new AppError('api.invalid', 'expiresAt: wanted a time to come, in milliseconds since 1970');
    }
    return c.json(await deps.access.createToken(user.name, wanted), 201);
  });

  app.openapi(deleteToken, async (c) => {
    const user = requireUser(c);
    requireIntent(c, deps.settings);
    const { id } = c.req.valid('param');
    if (!(await users.deleteToken(user.name, id))) throw notFound(`You have no token ${id}.`);
    return c.body(null, 204);
  });
}
