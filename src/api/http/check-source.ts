/**
 * Keeps other sites from making a user's browser do things here. Every POST must come from one of our own pages, as
 * Hydra wants it: told by `Referer`, or by `Origin` where there is none. A token is never sent by a browser of itself,
 * so who has one is exempt; so are the webhooks, which are signed.
 *
 * Hydra also changes things on GET. There `requirePermission` asks `isFromElsewhere`.
 */

import type { MiddlewareHandler } from 'hono';
import { AppError } from '../../util/app-error.ts';
import type { ApiContext, ApiDeps, ApiEnv, ApiSettings } from '../api-deps.ts';
import { baseUrl, isOurs } from './base-url.ts';

export const webhookPaths: ReadonlySet<string> = new Set(['/api/push-github', '/api/push-gitea']);

export function checkSource({ settings }: Pick<ApiDeps, 'settings'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const exempt = c.get('caller').by === 'token' || webhookPaths.has(c.req.path);
    if (c.req.method === 'POST' && !exempt) {
      const source = c.req.header('Referer') ?? c.req.header('Origin');
      if (source === undefined || !isOurs(c, settings, source)) throw foreign(c, settings);
    }
    await next();
  };
}

/**
 * True when a browser says that another site made it send this. Programs say nothing, and are believed: a browser that
 * says nothing does not send our cookie along from elsewhere either, which is `SameSite=Lax`.
 */
export function isFromElsewhere(c: ApiContext, settings: ApiSettings): boolean {
  const site = c.req.header('Sec-Fetch-Site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const source = c.req.header('Referer') ?? c.req.header('Origin');
  return source !== undefined && !isOurs(c, settings, source);
}

export function foreign(c: ApiContext, settings: ApiSettings): AppError {
  return new AppError(
    'api.forbidden',
    `${c.req.method} requests should come from ‘${baseUrl(c, settings)}/’.`,
    {
      hint: 'Send the address of this server as Referer or Origin, or use a token.',
    },
  );
}
