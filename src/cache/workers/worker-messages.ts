/** What the parent of several serving processes and those processes tell each other, over the channel between them. */

import { z } from 'zod';

const settings = z.object({
  host: z.string(),
  /** 0: any free one, which the first worker takes for all. */
  port: z.int(),
  /** Secret keys as text. They never stand on a command line. */
  keys: z.array(z.string()),
  priority: z.int().optional(),
  /** Each listens for itself, and the kernel shares connections out; else the parent does. */
  reusePort: z.boolean(),
  /** Where NARs are kept as files, for all of them together; the keys of S3 are in the environment. */
  keep: z
    .object({
      place: z.string(),
      staging: z.string(),
      database: z.string(),
      accel: z.string().optional(),
    })
    .optional(),
  /** How long answers may still take when it is to end. */
  graceMs: z.number(),
});

const counters = z.object({
  narinfoHits: z.number(),
  narinfoMisses: z.number(),
  nars: z.number(),
  narBytes: z.number(),
  narsCut: z.number(),
  faults: z.number(),
});

export const toCacheWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), settings }),
  z.object({ type: z.literal('end') }),
]);

export const fromCacheWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listening'), url: z.string(), port: z.int() }),
  /** Since its start. Sent now and then, and before it ends. */
  z.object({ type: z.literal('counters'), counters }),
  z.object({ type: z.literal('fault'), message: z.string() }),
  /** It could not start. `code` of an AppError. */
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string() }),
]);

export type CacheWorkerSettings = z.infer<typeof settings>;
export type ToCacheWorker = z.infer<typeof toCacheWorker>;
export type FromCacheWorker = z.infer<typeof fromCacheWorker>;
