/** What the batch API takes and gives: see docs/caches.md. */

import { z } from 'zod';

const hashPart = z.string().regex(/^[0-9abcdfghijklmnpqrsvwxyz]{32}$/);
const maxHashParts = 20_000;
const maxPaths = 5000;

export const hashPartsRequest = z
  .strictObject({
    hashParts: z.array(hashPart).max(maxHashParts).meta({
      description: 'The 32 digits after the folder of the store, of each path that is asked for.',
    }),
  })
  .meta({ id: 'CacheHashParts' });

export const missingReply = z
  .object({ missing: z.array(hashPart).meta({ description: 'Those that the cache does not have.' }) })
  .meta({ id: 'CacheMissingPaths' });

export const narInfosReply = z
  .object({
    narinfos: z.record(z.string(), z.string()).meta({
      description: 'The signed narinfo by hash part; those that the cache does not have are left out.',
    }),
  })
  .meta({ id: 'CacheNarInfos' });

export const publishRequest = z
  .strictObject({
    narinfos: z.array(z.string().min(1).max(1_000_000)).min(1).max(maxPaths).meta({
      description:
        'Narinfos of paths whose NARs have been put; what they refer to is among them, or there already.',
    }),
  })
  .meta({ id: 'CachePaths' });

export const publishReply = z
  .object({ added: z.int().meta({ description: 'How many of them were not there before.' }) })
  .meta({ id: 'CacheAddedPaths' });
