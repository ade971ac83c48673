/** The application that the routes of `/api/v1` are added to. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnv } from '../api-deps.ts';

export type V1 = OpenAPIHono<ApiEnv>;
