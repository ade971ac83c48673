/**
 * Finds out who makes a request: a token (`Authorization: Bearer proteus_…`, or Basic with the token as password), else
 * the cookie of a session. An unknown token is an error even where nobody in particular would do; an unknown cookie is
 * not, since sessions end. Basic credentials that are no token of a user belong to a proxy in front, or to a cache whose
 * client sends them with everything, and are let be.
 */

import type { MiddlewareHandler } from 'hono';
import { cacheTokenPrefix } from '../../cache/access/cache-token.ts';
import { tokenPrefix } from '../../ci/access/secret.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiDeps, ApiEnv, Caller } from '../api-deps.ts';

/** Some clients send the whole `Set-Cookie` back, attributes and all. */
const sessionCookie = /(?:^|;)\s*hydra_session=([\w-]{1,200})(?:;|$)/;

export function authenticate({ access }: Pick<ApiDeps, 'access'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set('caller', await find(c.req.header('Authorization'), c.req.header('Cookie')));
    await next();
  };

  async function find(authorization = '', cookies = ''): Promise<Caller> {
    const given = readToken(authorization);
    if (given !== undefined) {
      const user = await access.userOfToken(given.token);
      if (user === undefined || (given.name !== undefined && given.name !== user.name)) {
        throw new AppError('api.token-invalid', 'The token is not known here, or has expired.');
      }
      return { by: 'token', user };
    }
    const session = sessionCookie.exec(cookies)?.[1];
    const user = session === undefined ? undefined : await access.userOfSession(session);
    return session === undefined || user === undefined ? { by: 'nobody' } : { by: 'session', user, session };
  }
}

/** With the name of the user, where that was said, too. */
function readToken(authorization: string): { token: string; name?: string | undefined } | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +([\w+/=.~-]+)$/.exec(authorization.trim()) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { token: value };
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = Buffer.from(value, 'base64').toString();
  const colon = text.indexOf(':');
  const token = text.slice(colon + 1);
  if (colon < 0 || !token.startsWith(tokenPrefix) || token.startsWith(cacheTokenPrefix)) return undefined;
  return { token, name: colon === 0 ? undefined : text.slice(0, colon) };
}
