/**
 * The HTTP API: Hydra's URLs and JSON, and beside them our own under `/api/v1`. Every resource is a file of `routes/` or
 * `v1/`. On its way a request is given its caller, must come from where it may, and on a private server from a user.
 * What goes wrong is thrown, and answered here.
 */

import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { AppError } from '../util/app-error.ts';
import type { ApiContext, ApiDeps, ApiEnv } from './api-deps.ts';
import { answer } from './http/answer.ts';
import { authenticate } from './http/authenticate.ts';
import { checkSource } from './http/check-source.ts';
import { describeError } from './http/describe-error.ts';
import { requireLogin } from './http/require-login.ts';
import { setHeaders } from './http/set-headers.ts';
import { addApiRoutes } from './routes/add-api-routes.ts';
import { addBuildRoutes } from './routes/add-build-routes.ts';
import { addDownloadRoutes } from './routes/add-download-routes.ts';
import { addEvaluationRoutes } from './routes/add-evaluation-routes.ts';
import { addJobRoutes } from './routes/add-job-routes.ts';
import { addJobsetRoutes } from './routes/add-jobset-routes.ts';
import { addLogRoutes } from './routes/add-log-routes.ts';
import { addLoginRoutes } from './routes/add-login-routes.ts';
import { addProjectRoutes } from './routes/add-project-routes.ts';
import { addPushRoutes } from './routes/add-push-routes.ts';
import { addQueueRoutes } from './routes/add-queue-routes.ts';
import { addSearchRoute } from './routes/add-search-route.ts';
import { addUserRoutes } from './routes/add-user-routes.ts';

import { createV1, describeV1 } from './v1/create-v1.ts';

const resources = [
  addLoginRoutes,
  addUserRoutes,
  addProjectRoutes,
  addJobsetRoutes,
  addEvaluationRoutes,
  addBuildRoutes,
  addLogRoutes,
  addDownloadRoutes,
  addJobRoutes,
  addQueueRoutes,
  addSearchRoute,
  addApiRoutes,
  addPushRoutes,
] as const;

export function createApi(deps: ApiDeps): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>({ strict: false });
  const answerError = (c: ApiContext, thrown: unknown): Response => {
    // A redirect that was found on the way.
    if (thrown instanceof HTTPException && thrown.res !== undefined) return thrown.getResponse();
    const { status, isOurFault, ...data } = describeError(thrown);
    if (isOurFault) deps.onFault(`${c.req.method} ${c.req.path}`, thrown);
    if (status === 401) c.header('WWW-Authenticate', 'Bearer realm="proteus"');
    // Hono's type leaves out statuses without a body, which no error has.
    if (c.req.path.startsWith('/api/')) return c.json(data, status as ContentfulStatusCode);
    return answer(c, { title: data.error, data, status });
  };

  app.onError((thrown, c) => answerError(c, thrown));
  app.notFound((c) => {
    const others = ['GET', 'POST', 'PUT', 'DELETE'].filter((method) => hasRoute(app, method, c.req.path));
    if (others.length === 0) return answerError(c, new AppError('api.not-found', 'Page not found.'));
    c.header('Allow', others.join(', '));
    const verb = others.length === 1 ? others[0] : others.join(' or ');
    return answerError(
      c,
      new AppError('api.method', `Request must be ${verb === 'POST' ? 'POSTed' : verb}.`),
    );
  });
  app.use(setHeaders, authenticate(deps), checkSource(deps), requireLogin(deps));
  for (const add of resources) add(app, deps);
  const v1 = createV1(deps);
  app.route('/api/v1', v1);
  let description: unknown;
  app.get('/api/openapi.json', (c) => {
    description ??= describeV1(v1, deps);
    return c.json(description);
  });
  return app;
}

/** True when there is more for it than what every request passes. */
function hasRoute(app: Hono<ApiEnv>, method: string, path: string): boolean {
  const [matched] = app.router.match(method, path);
  return matched.some(([[, route]]) => route.method !== 'ALL');
}
