/** Answers with data: JSON for programs, a plain page for browsers, from one value. */

import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ApiContext } from '../api-deps.ts';
import { type PageLink, renderPage } from './render-page.ts';
import { wantsJson } from './wants-json.ts';

export interface Answer {
  readonly title: string;
  /** The JSON, to the key. */
  readonly data: unknown;
  /** What the page shows instead, where that is more. */
  readonly page?: unknown;
  readonly links?: readonly PageLink[] | undefined;
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export function answer(c: ApiContext, { title, data, page, links, status, headers }: Answer): Response {
  c.header('Vary', 'Accept', { append: true });
  for (const [name, value] of Object.entries(headers ?? {})) c.header(name, value);
  // Hono's type leaves out statuses without a body; callers that answer with data do not use those.
  c.status((status ?? 200) as ContentfulStatusCode);
  if (wantsJson(c)) return c.json(data);
  return c.html(renderPage({ title, data: page ?? data, links }));
}
