/** `?page=N` of Hydra's lists, 20 to a page. */

import type { ApiContext } from '../api-deps.ts';

const perPage = 20;

export interface PageRange {
  /** From 1. */
  readonly page: number;
  readonly offset: number;
  readonly limit: number;
}

/** What is no number is the first page. */
export function pageRange(c: ApiContext): PageRange {
  const asked = Number(/^\d{1,7}$/.exec(c.req.query('page') ?? '')?.[0] ?? 1);
  const page = Math.max(1, asked);
  return { page, offset: (page - 1) * perPage, limit: perPage };
}

/** Links to other pages, as Hydra has them. */
export function pageLinks({ page }: PageRange, total: number): Readonly<Record<string, string>> {
  const last = Math.max(1, Math.ceil(total / perPage));
  return {
    first: '?page=1',
    last: `?page=${last}`,
    ...(page > 1 ? { previous: `?page=${page - 1}` } : {}),
    ...(page < last ? { next: `?page=${page + 1}` } : {}),
  };
}
