/** Caches of the server, their tokens and pins, for administrators. */

import { z } from 'zod';

const line = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !/\p{Cc}/u.test(text), 'wanted a name without control characters');
const expiresAt = z.int().positive().nullable().meta({ description: 'Null: never.' });

const cacheFields = {
  id: z.int(),
  name: z.string(),
  priority: z.int(),
  isPrivate: z.boolean().meta({ description: 'Readers need a token.' }),
  quota: z.int().nullable().meta({ description: 'Bytes; null: no limit.' }),
  keys: z.array(z.string()).meta({ description: 'Names of keys of the server; none: all of them.' }),
  createdAt: z.int(),
};
export const cache = z.object(cacheFields).meta({ id: 'Cache' });

export const cacheToken = z
  .object({
    id: z.int(),
    cacheId: z.int(),
    name: z.string(),
    mayPush: z.boolean(),
    createdAt: z.int(),
    lastUsedAt: z.int().nullable(),
    expiresAt,
  })
  .meta({ id: 'CacheToken' });

export const cachePin = z
  .object({
    cacheId: z.int(),
    name: z.string(),
    path: z.string(),
    createdAt: z.int(),
    expiresAt,
  })
  .meta({ id: 'CachePin' });

const summaryFields = {
  ...cacheFields,
  paths: z.int().meta({ description: 'Those that it keeps for good.' }),
  bytes: z.int().meta({ description: 'That its files take.' }),
};
export const cacheSummary = z.object(summaryFields).meta({ id: 'CacheSummary' });
export const cacheOverview = z
  .object({ ...summaryFields, pins: z.array(cachePin), tokens: z.array(cacheToken) })
  .meta({ id: 'CacheOverview' });

const changeFields = {
  priority: z.int().min(0).max(1_000_000).optional(),
  isPrivate: z.boolean().optional(),
  quota: z.int().min(0).nullable().optional(),
  keys: z.array(line).max(32).optional(),
};
export const cacheChange = z.strictObject(changeFields);
export const newCache = z.strictObject({ name: z.string().max(200), ...changeFields });

export const newCacheToken = z.strictObject({
  name: line.meta({ description: 'For people: what it is for.' }),
  mayPush: z.boolean().default(false),
  expiresAt: expiresAt.default(null),
});
export const newCacheTokenReply = z.object({
  token: cacheToken,
  secret: z.string().meta({ description: 'Told this once, and kept nowhere.' }),
});
export const newCachePin = z.strictObject({
  path: z.string().max(1000),
  expiresAt: expiresAt.default(null),
});
