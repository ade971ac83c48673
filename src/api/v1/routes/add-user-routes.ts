/** Users of the server, made and taken away by administrators. */

import { createRoute } from '@hono/zod-openapi';
import type { z } from 'zod';
import { deleteUser, saveUser } from '../../../ci/access/save-user.ts';
import type { UserRecord } from '../../../db/records.ts';
import type { ApiDeps } from '../../api-deps.ts';
import { userName } from '../../body/names.ts';
import { parseInput } from '../../http/parse-input.ts';
import { requirePermission } from '../../http/require-permission.ts';
import { body, errors, json } from '../replies.ts';
import { cutPage, pageOf, pagingQuery } from '../schemas/paging.ts';
import { userParameters } from '../schemas/parameters.ts';
import { savedUser, userChange, user as userSchema } from '../schemas/user.ts';
import type { V1 } from '../v1.ts';

const getUsers = createRoute({
  method: 'get',
  path: '/users',
  summary: 'The users of the server',
  request: { query: pagingQuery },
  responses: { 200: json(pageOf(userSchema), 'Without their passwords.'), ...errors },
});

const putUser = createRoute({
  method: 'put',
  path: '/users/{name}',
  summary: 'Make a user, or change one; what is left out stays as it is',
  request: { params: userParameters, body: { ...body(userChange), required: true } },
  responses: { 200: json(savedUser, 'The user as it is now.'), ...errors },
});

const removeUser = createRoute({
  method: 'delete',
  path: '/users/{name}',
  summary: 'Take a user away, with all tokens and sessions',
  request: { params: userParameters },
  responses: { 204: { description: 'It is not known any more.' }, ...errors },
});

export function addUserRoutes(app: V1, deps: ApiDeps): void {
  const { database } = deps.ci;

  app.openapi(getUsers, async (c) => {
    await requirePermission(c, deps, 'administer');
    return c.json(cutPage((await database.users.list()).map(shown), c.req.valid('query')), 200);
  });

  app.openapi(putUser, async (c) => {
    await requirePermission(c, deps, 'administer');
    const name = parseInput(userName, c.req.valid('param').name);
    const { user, done } = await saveUser({ ...c.req.valid('json'), name }, database);
    return c.json({ user: shown(user), done }, 200);
  });

  app.openapi(removeUser, async (c) => {
    await requirePermission(c, deps, 'administer');
    await deleteUser(c.req.valid('param').name, database);
    return c.body(null, 204);
  });
}

function shown({ passwordHash, ...user }: UserRecord): z.output<typeof userSchema> {
  return { ...user, roles: [...user.roles], hasPassword: passwordHash !== '!' };
}
