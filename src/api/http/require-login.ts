/** A private server answers only its users, but for what leads to a login and what proves itself otherwise. */

import type { MiddlewareHandler } from 'hono';
import { AppError } from '../../util/app-error.ts';
import type { ApiDeps, ApiEnv } from '../api-deps.ts';
import { webhookPaths } from './check-source.ts';

const open: ReadonlySet<string> = new Set([...webhookPaths, '/login', '/robots.txt']);

export function requireLogin({ settings }: Pick<ApiDeps, 'settings'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (settings.private === true && c.get('caller').by === 'nobody' && !open.has(c.req.path)) {
      throw new AppError('api.forbidden', 'This page requires you to sign in.');
    }
    await next();
  };
}
