/** Evaluations, under way and ended. Times are milliseconds since 1970. */

import { z } from 'zod';

const evaluationProgress = z
  .object({
    jobsetId: z.int(),
    project: z.string(),
    jobset: z.string(),
    evaluationId: z.int().nullable().meta({ description: 'Null while the inputs are being fetched.' }),
    phase: z.enum(['fetching', 'evaluating', 'finishing']),
    startedAt: z.int(),
    jobsDone: z.int(),
    jobsFailed: z.int(),
    jobsTotal: z.int().nullable().meta({ description: 'Null while it is not known yet.' }),
    current: z.array(z.string()).meta({ description: 'Jobs that are being evaluated.' }),
  })
  .meta({ id: 'EvaluationProgress' });

export const runningEvaluations = z.object({ evaluations: z.array(evaluationProgress) });

const evaluationInput = z
  .object({
    name: z.string(),
    type: z.string(),
    uri: z.string().nullable(),
    revision: z.string().nullable(),
    value: z.string().nullable(),
    dependency: z.int().nullable().meta({ description: 'The build it came from.' }),
    path: z.string().nullable(),
    sha256: z.string().nullable(),
  })
  .meta({ id: 'EvaluationInput' });

export const evaluation = z
  .object({
    id: z.int(),
    project: z.string(),
    jobset: z.string(),
    state: z.enum(['evaluating', 'done', 'unchanged', 'failed', 'cancelled']),
    startedAt: z.int(),
    finishedAt: z.int().nullable(),
    checkoutMs: z.int(),
    evaluationMs: z.int(),
    hasNewBuilds: z.boolean(),
    errorMessage: z.string().nullable(),
    flake: z.string().nullable(),
    nixExprInput: z.string().nullable(),
    nixExprPath: z.string().nullable(),
    inputs: z.array(evaluationInput),
    counts: z.object({
      total: z.int(),
      scheduled: z.int(),
      succeeded: z.int(),
      failed: z.int(),
    }),
  })
  .meta({ id: 'Evaluation' });

export const jobError = z
  .object({
    job: z.string(),
    message: z.string(),
    file: z.string().nullable(),
    line: z.int().nullable(),
    column: z.int().nullable(),
    trace: z.string(),
  })
  .meta({ id: 'JobError' });

export const evaluateRequest = z.object({
  force: z.boolean().default(false).meta({ description: 'Evaluate even when no input has changed.' }),
});

export const evaluateReply = z.object({ project: z.string(), jobset: z.string(), force: z.boolean() });

export const cancelEvaluationReply = z.object({
  cancelled: z.boolean().meta({ description: 'False: none was under way.' }),
});

const check = z.object({ description: z.string() }).loose();
const checks = z.object({ cmd: z.array(check), http: z.array(check) });

/** What a network says of a host; names are those of Morph's options. */
const hostMetadata = z
  .object({
    name: z.string(),
    targetHost: z.string(),
    targetPort: z.int().nullable(),
    targetUser: z.string(),
    buildOnly: z.boolean(),
    buildOnTarget: z
      .boolean()
      .default(false)
      .meta({ description: 'For deployments from a network file; what a server built is sent as it is.' }),
    substituteOnDestination: z.boolean(),
    tags: z.array(z.string()),
    secrets: z.record(z.string(), z.object({ destination: z.string() }).loose()),
    preDeployChecks: checks,
    healthChecks: checks,
    nixosRelease: z.string(),
    nixConfig: z.record(z.string(), z.string()),
  })
  .meta({ id: 'HostMetadata' });

export const evaluationHostsReply = z.object({
  evaluation: z.int(),
  project: z.string(),
  jobset: z.string(),
  orderingTags: z.array(z.string()).meta({ description: 'In whose order hosts are rolled out to.' }),
  hosts: z.array(
    z.object({
      name: z.string().meta({ description: 'Of the host, and of its job.' }),
      build: z.int().nullable(),
      toplevel: z.string().nullable().meta({ description: 'Its system; null unless its build succeeded.' }),
      missing: z.string().nullable().meta({ description: 'Why there is no system.' }),
      metadata: hostMetadata,
    }),
  ),
  broken: z
    .array(z.object({ name: z.string(), message: z.string() }))
    .meta({ description: 'Hosts of which nothing could be evaluated.' }),
});
