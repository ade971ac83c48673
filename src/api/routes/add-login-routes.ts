/** Signing in and out: a session in the cookie `hydra_session`. */

import type { Hono } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import { AppError } from '../../util/app-error.ts';
import type { ApiDeps, ApiEnv } from '../api-deps.ts';
import { answer } from '../http/answer.ts';
import { baseUrl } from '../http/base-url.ts';
import { clientAddress } from '../http/client-address.ts';
import { parseInput } from '../http/parse-input.ts';
import { readParams } from '../http/read-params.ts';
import { redirect } from '../http/redirect.ts';
import { requireUser } from '../http/require-permission.ts';
import { wantsJson } from '../http/wants-json.ts';
import { userJson } from '../json/user-json.ts';

const cookieName = 'hydra_session';
/** What is longer is no password, and would have to be hashed. */
const loginBody = z.object({
  username: z.string('wanted the name of a user').min(1, 'wanted the name of a user').max(255),
  password: z.string('wanted a password').min(1, 'wanted a password').max(4096, 'wanted a shorter password'),
});

export function addLoginRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { access, settings } = deps;

  app.post('/login', async (c) => {
    const { username, password } = parseInput(loginBody, await readParams(c));
    const login = await access.login(username, password, clientAddress(c));
    if (login === undefined) throw new AppError('api.forbidden', 'Bad username or password.');
    setCookie(c, cookieName, login.session, {
      path: '/',
      httpOnly: true,
      sameSite: 'Lax',
      secure: baseUrl(c, settings).startsWith('https:'),
      expires: new Date(login.expiresAt),
    });
    return redirect(c, deps, '/current-user', wantsJson(c) ? { data: userJson(login.user) } : {});
  });

  app.post('/logout', async (c) => {
    const caller = c.get('caller');
    if (caller.by === 'session') await access.logout(caller.session);
    deleteCookie(c, cookieName, { path: '/' });
    return c.body(null, 204);
  });

  app.get('/current-user', (c) => {
    const user = requireUser(c);
    return answer(c, { title: user.name, data: userJson(user) });
  });
}
