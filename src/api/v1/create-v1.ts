/**
 * Our own part of the API, `/api/v1`: what Hydra has no words for. Described as OpenAPI 3.1 out of the same schemas that
 * check what comes in.
 */

import { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '../../util/app-error.ts';
import type { ApiDeps, ApiEnv } from '../api-deps.ts';
import { describeIssues } from '../http/parse-input.ts';
import { describeCacheApi } from './describe-cache-api.ts';
import { addBuildRoutes } from './routes/add-build-routes.ts';
import { addCacheRetentionRoutes } from './routes/add-cache-retention-routes.ts';
import { addCacheRoutes } from './routes/add-cache-routes.ts';
import { addEvaluationRoutes } from './routes/add-evaluation-routes.ts';
import { addEventRoute } from './routes/add-event-route.ts';
import { addHostRoutes } from './routes/add-host-routes.ts';
import { addRolloutRoutes } from './routes/add-rollout-routes.ts';
import { addServerRoutes } from './routes/add-server-routes.ts';
import { addTokenRoutes } from './routes/add-token-routes.ts';
import { addUserRoutes } from './routes/add-user-routes.ts';
import type { V1 } from './v1.ts';

export function createV1(deps: ApiDeps): V1 {
  const app: V1 = new OpenAPIHono<ApiEnv>({
    strict: false,
    defaultHook: (result) => {
      if (!result.success) {
        throw new AppError('api.invalid', describeIssues(result.error, undefined), { cause: result.error });
      }
    },
  });
  for (const add of [
    addServerRoutes,
    addCacheRetentionRoutes,
    addCacheRoutes,
    addEventRoute,
    addEvaluationRoutes,
    addBuildRoutes,
    addRolloutRoutes,
    addHostRoutes,
    addTokenRoutes,
    addUserRoutes,
  ]) {
    add(app, deps);
  }
  describeCacheApi(app);
  return app;
}

/** The description, for `/api/openapi.json`. */
export function describeV1(app: V1, { settings }: Pick<ApiDeps, 'settings'>): unknown {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token, made with `proteus token create` or by POST to /api/v1/tokens.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'hydra_session',
    description: 'The session of a login; every POST must then come from this server.',
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Proteus',
      version: settings.version,
      description:
        'Events, evaluations, builds, rollouts and builders of a Proteus server. Times are milliseconds since 1970. ' +
        "Beside this the server has Hydra's own API, at Hydra's addresses.",
      license: { name: 'MIT' },
    },
    servers: [{ url: `${settings.baseUrl ?? ''}/api/v1` }],
    security: [{}, { token: [] }, { session: [] }],
  });
}
