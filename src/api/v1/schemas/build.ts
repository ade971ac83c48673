/** Builds, their steps, and why they wait. Times are milliseconds since 1970; statuses are Hydra's numbers. */

import { z } from 'zod';

const paths = z
  .record(z.string(), z.string().nullable())
  .meta({ description: 'Store paths by output name; null where not known yet.' });

export const step = z
  .object({
    buildId: z.int(),
    number: z.int(),
    type: z.enum(['build', 'substitution']),
    drvPath: z.string(),
    phase: z.int().meta({ description: "Hydra's `busy`: 0 when it is over." }),
    status: z.int().nullable().meta({ description: 'Null until it ended.' }),
    errorMessage: z.string().nullable(),
    startedAt: z.int().nullable(),
    stoppedAt: z.int().nullable(),
    builder: z.string(),
    system: z.string(),
    emulated: z.boolean(),
    propagatedFrom: z.int().nullable().meta({ description: 'The build whose step it really is.' }),
    resolvedDrvPath: z.string().nullable(),
    hasLog: z.boolean(),
    outputs: paths,
  })
  .meta({ id: 'Step' });

const product = z
  .object({
    number: z.int(),
    type: z.string(),
    subtype: z.string(),
    name: z.string(),
    path: z.string(),
    defaultPath: z.string(),
    fileSize: z.int().nullable(),
    sha256: z.string().nullable(),
  })
  .meta({ id: 'Product' });

const metric = z
  .object({ name: z.string(), value: z.number(), unit: z.string().nullable() })
  .meta({ id: 'Metric' });

export const build = z
  .object({
    id: z.int(),
    project: z.string(),
    jobset: z.string(),
    job: z.string(),
    nixName: z.string(),
    system: z.string(),
    drvPath: z.string(),
    outputs: paths,
    description: z.string().nullable(),
    license: z.string().nullable(),
    homepage: z.string().nullable(),
    maintainers: z.string().nullable(),
    maxSilent: z.int().nullable(),
    timeout: z.int().nullable(),
    isChannel: z.boolean(),
    priority: z.int(),
    globalPriority: z.int(),
    queuedAt: z.int(),
    startedAt: z.int().nullable(),
    stoppedAt: z.int().nullable(),
    finished: z.boolean(),
    status: z.int().nullable().meta({ description: 'Null until finished.' }),
    isCached: z.boolean().meta({ description: 'Nothing had to be done.' }),
    isCurrent: z.boolean().meta({ description: 'Of the latest evaluation of its jobset.' }),
    errorMessage: z.string().nullable(),
    size: z.int().nullable(),
    closureSize: z.int().nullable(),
    releaseName: z.string().nullable(),
    keep: z.boolean(),
    evaluations: z.array(z.int()),
    products: z.array(product),
    metrics: z.array(metric),
    steps: z.array(step),
  })
  .meta({ id: 'Build' });

const waitReason = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('not-planned'), ahead: z.int() }),
    z.object({
      type: z.literal('running'),
      steps: z.array(z.object({ drvPath: z.string(), builder: z.string() })),
    }),
    z.object({ type: z.literal('dependencies'), left: z.int() }),
    z.object({ type: z.literal('no-free-slot'), ahead: z.int(), builders: z.array(z.string()) }),
    z.object({
      type: z.literal('builders-avoided'),
      builders: z.array(z.object({ name: z.string(), until: z.int(), why: z.string() })),
    }),
    z.object({ type: z.literal('builders-drained'), builders: z.array(z.string()) }),
    z.object({ type: z.literal('no-builder'), why: z.string(), failsAt: z.int().nullable() }),
    z.object({ type: z.literal('unknown-build') }),
    z.object({ type: z.literal('finished'), status: z.int() }),
  ])
  .meta({ id: 'WaitReason' });

export const why = z
  .object({
    build: z.int(),
    reason: waitReason,
    sentence: z.string().meta({ description: 'The same for people.' }),
  })
  .meta({ id: 'Why' });

export const buildActionReply = z.object({
  build: z.int(),
  changed: z.boolean().meta({ description: 'False: there was nothing to do.' }),
});
