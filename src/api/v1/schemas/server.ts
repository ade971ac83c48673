/** The server itself: what it has in hand, its builders, what it keeps. */

import { z } from 'zod';
import { pageOf } from './paging.ts';

export const server = z
  .object({
    version: z.string(),
    counts: z.object({
      queuedBuilds: z.int().meta({ description: 'Unfinished, those being built included.' }),
      runningSteps: z.int(),
      runningEvaluations: z.int(),
      builders: z.int(),
    }),
  })
  .meta({ id: 'Server' });

export const builder = z
  .object({
    name: z.string(),
    systems: z.array(z.string()),
    emulatedSystems: z.array(z.string()),
    supportedFeatures: z.array(z.string()),
    mandatoryFeatures: z.array(z.string()),
    speedFactor: z.number(),
    slots: z.int(),
    isLocal: z.boolean(),
    drained: z.boolean(),
    avoidedUntil: z.int().nullable().meta({ description: 'While it is avoided after it was lost.' }),
    lastLoss: z.string().nullable(),
    running: z.array(
      z.object({
        drvPath: z.string(),
        owner: z.int().nullable().meta({ description: 'The build whose step it is.' }),
        phase: z.string(),
        since: z.int(),
      }),
    ),
  })
  .meta({ id: 'Builder' });

export const drainRequest = z.object({
  drained: z.boolean().meta({ description: 'True: it takes no more steps; those it has go on.' }),
});

export const cacheRetentionPlan = z
  .object({
    keptPaths: z.int(),
    paths: pageOf(
      z.object({
        cache: z.string(),
        path: z.string(),
        narSize: z.int(),
        lastUsedAt: z.int().meta({ description: 'When it was added, or clients were last told of it.' }),
        why: z.string(),
      }),
    ),
    files: z.object({
      now: z.object({ count: z.int(), bytes: z.int() }),
      later: z
        .object({ count: z.int(), bytes: z.int() })
        .meta({ description: 'They wait an hour for clients that were just told of them.' }),
    }),
    extras: z
      .object({
        logs: z.object({ count: z.int(), bytes: z.int() }),
        realisations: z.object({ count: z.int(), bytes: z.int() }),
        list: pageOf(
          z.object({
            cache: z.string().nullable().meta({ description: 'Null: it was deleted.' }),
            kind: z.enum(['log', 'realisation', 'build-trace']),
            name: z.string(),
            bytes: z.int(),
          }),
        ),
      })
      .meta({ description: 'What was uploaded beside paths, and belongs to none that stays.' }),
  })
  .meta({ id: 'CacheRetentionPlan' });

export const retentionPlan = z
  .object({
    kept: z.int(),
    removed: pageOf(z.object({ root: z.string(), path: z.string(), why: z.string() })),
  })
  .meta({ id: 'RetentionPlan' });
