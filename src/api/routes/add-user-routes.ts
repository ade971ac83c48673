/** Users: each may change himself, an administrator all. */

import type { Hono } from 'hono';
import { z } from 'zod';
import { may } from '../../ci/access/may.ts';
import { hashPassword } from '../../ci/access/password-hash.ts';
import type { UserRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiContext, ApiDeps, ApiEnv } from '../api-deps.ts';
import { userName } from '../body/names.ts';
import { presence } from '../body/values.ts';
import { answer } from '../http/answer.ts';
import { notFound, pathPart } from '../http/find-records.ts';
import { parseInput } from '../http/parse-input.ts';
import { readParams } from '../http/read-params.ts';
import { requireIntent, requirePermission, requireUser } from '../http/require-permission.ts';
import { userJson } from '../json/user-json.ts';

const password = z.string('wanted a password').max(4096, 'wanted a shorter password').default('');
const roles = z
  .union([z.array(z.string()), z.string().transform((role) => [role])], 'wanted a list of roles')
  .default([]);
const mail = z.string('wanted a mail address').max(255);
const fullName = z.string('wanted the full name').trim().min(1, 'wanted the full name').max(255);

const userBody = z.object({
  fullname: fullName,
  password,
  password2: password,
  emailonerror: presence,
  publicdashboard: presence,
  /** Only an administrator's counts, as with the roles. */
  emailaddress: mail.optional(),
  roles,
});

const registerBody = z.object({
  username: userName,
  fullname: fullName,
  password,
  password2: password,
  emailaddress: mail,
  roles,
});

export function addUserRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { users, projects } = deps.ci.database;

  /** The user of the address, who is the caller or whom the caller administers. */
  const find = async (c: ApiContext): Promise<{ user: UserRecord; isAdmin: boolean }> => {
    const caller = requireUser(c);
    const name = pathPart(c, 'user');
    const isAdmin = may(caller, 'administer');
    if (!isAdmin && caller.name !== name) {
      throw new AppError('api.forbidden', `‘${caller.name}’ may not see or change other users.`);
    }
    const user = await users.find(name);
    if (user === undefined) throw notFound(`User ‘${name}’ doesn't exist.`);
    return { user, isAdmin };
  };

  app.put('/register', async (c) => {
    await requirePermission(c, deps, 'administer');
    const body = parseInput(registerBody, await readParams(c));
    if ((await users.find(body.username)) !== undefined) {
      throw new AppError('db.conflict', `User ‘${body.username}’ exists already.`);
    }
    const passwordHash = await newPasswordHash(body);
    if (passwordHash === undefined) throw new AppError('api.invalid', 'password: wanted a password');
    await users.save({
      name: body.username,
      fullName: body.fullname,
      email: body.emailaddress,
      passwordHash,
      emailOnError: false,
      type: 'hydra',
      publicDashboard: false,
      roles: body.roles,
    });
    return c.body(null, 204);
  });

  app.get('/user/:user', async (c) => {
    const { user } = await find(c);
    return answer(c, { title: user.name, data: userJson(user) });
  });

  app.put('/user/:user', async (c) => {
    const { user, isAdmin } = await find(c);
    requireIntent(c, deps.settings);
    const body = parseInput(userBody, await readParams(c));
    const passwordHash = await newPasswordHash(body);
    if (passwordHash !== undefined && user.type !== 'hydra') {
      throw new AppError(
        'api.invalid',
        `‘${user.name}’ signs in with ${user.type}, not with a password here.`,
      );
    }
    await users.save({
      ...user,
      fullName: body.fullname,
      emailOnError: body.emailonerror,
      publicDashboard: body.publicdashboard,
      ...(passwordHash === undefined ? {} : { passwordHash }),
      ...(isAdmin ? { email: body.emailaddress ?? user.email, roles: body.roles } : {}),
    });
    // Whoever signed in with the old one must do so again.
    if (passwordHash !== undefined) await users.deleteSessions(user.name);
    return c.body(null, 204);
  });

  app.delete('/user/:user', async (c) => {
    const { user } = await find(c);
    requireIntent(c, deps.settings);
    const owned = (await projects.list()).filter(({ owner }) => owner === user.name);
    if (owned.length > 0) {
      const names = owned.map(({ name }) => name).join(', ');
      throw new AppError(
        'api.conflict',
        `‘${user.name}’ owns projects: give ${names} to somebody else first.`,
      );
    }
    await users.delete(user.name);
    return c.body(null, 204);
  });
}

/** Undefined when none is given. */
async function newPasswordHash(body: {
  readonly password: string;
  readonly password2: string;
}): Promise<string | undefined> {
  if (body.password === '') return undefined;
  if (body.password.length < 6) {
    throw new AppError('api.invalid', 'password: wanted at least 6 characters');
  }
  if (body.password !== body.password2) {
    throw new AppError('api.invalid', 'password2: wanted the same as password');
  }
  return hashPassword(body.password);
}
