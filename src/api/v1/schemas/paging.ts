/** Parts of a long list: what is asked for, and how it is answered. */

import { z } from 'zod';

const maxPage = 1000;

/** Text of a query as a whole number; `.meta` says so in the description of the API. */
const count = (least: number, most: number, otherwise: number): z.ZodType<number> =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'wanted a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most))
    .default(otherwise)
    .meta({ type: 'integer', minimum: least, maximum: most, default: otherwise });

/** `?limit=&offset=`. */
export const pagingQuery = z.object({
  limit: count(1, maxPage, 100),
  offset: count(0, 2 ** 31, 0),
});

export interface Paging {
  readonly limit: number;
  readonly offset: number;
}

/** One part. `next` is the offset of the part after it, null at the end. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), total: z.int(), next: z.int().nullable() });

/** Cuts a part out of a list that is whole in memory. */
export function cutPage<T>(
  all: readonly T[],
  { limit, offset }: Paging,
): { items: T[]; total: number; next: number | null } {
  const end = offset + limit;
  return { items: all.slice(offset, end), total: all.length, next: end < all.length ? end : null };
}
