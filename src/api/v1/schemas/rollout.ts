/** Rollouts: what is asked for, and how they stand. Policies and plans are those of the engine. */

import { z } from 'zod';
import { switchActions } from '../../../deploy/deploy-plan.ts';
import { hostDiffSchema } from '../../../deploy/diff/host-diff.ts';
import { policySchema } from '../../../deploy/rollout/plan-schema.ts';

const count = z.int().min(0);

const selectors = z.object({
  on: z.string().optional().meta({ description: 'A pattern for names of hosts.' }),
  tagged: z.string().optional().meta({ description: 'Tags with commas between; a host must have all.' }),
  every: count.optional(),
  skip: count.optional(),
  limit: count.optional(),
  orderByTags: z.string().optional(),
});

export const rolloutRequest = z.strictObject({
  project: z.string(),
  jobset: z.string(),
  evaluation: z.int().min(1).optional().meta({ description: 'Default: the newest with hosts.' }),
  action: z.enum([...switchActions, 'push']).default('switch'),
  selectors: selectors.default({}),
  policy: policySchema.partial().default({}).meta({ description: 'What is not said has its default.' }),
  waves: z
    .strictObject({
      canary: z.int().min(1).optional().meta({ description: 'So many hosts alone before all others.' }),
      sizes: z.string().optional().meta({ description: 'Such as 1,10%,50%,rest.' }),
      byTag: z.boolean().optional().meta({ description: 'A wave for each tag that orders the hosts.' }),
    })
    .default({}),
  uploadSecrets: z.boolean().default(false),
  reboot: z.boolean().default(false),
  skipPreDeployChecks: z.boolean().default(false),
  skipHealthChecks: z.boolean().default(false),
  force: z.boolean().default(false).meta({ description: 'Activate also what a host runs already.' }),
  why: z.string().max(10_000).default(''),
  dryRun: z.boolean().default(false).meta({ description: 'Answer with the plan, and keep nothing.' }),
});

const leftOut = z.array(z.object({ host: z.string(), why: z.string() }));
/** As the engine has it; clients that execute one check it anew. */
const plan = z
  .looseObject({
    action: z.string(),
    waves: z.array(z.array(z.string())),
    hosts: z.array(z.looseObject({ name: z.string(), toplevel: z.string() })),
  })
  .meta({ id: 'RolloutPlan' });

export const rolloutPlan = z.object({ plan, leftOut });

export const rollout = z
  .object({
    id: z.string(),
    project: z.string(),
    jobset: z.string(),
    evaluation: z.int(),
    action: z.string(),
    state: z.enum(['planned', 'approved', 'running', 'paused', 'aborting', 'ended']),
    result: z
      .string()
      .nullable()
      .meta({ description: 'succeeded, degraded, failed or aborted; null until it ended.' }),
    message: z.string().nullable(),
    createdBy: z.string(),
    why: z.string(),
    createdAt: z.int(),
    approvedBy: z.string().nullable(),
    approvedAt: z.int().nullable(),
    startedAt: z.int().nullable(),
    endedAt: z.int().nullable(),
  })
  .meta({ id: 'Rollout' });

const rolloutHost = z
  .object({
    host: z.string(),
    wave: z.int().meta({ description: 'From 0.' }),
    toplevel: z.string(),
    step: z.string().nullable().meta({ description: 'The last one that was begun.' }),
    result: z
      .string()
      .nullable()
      .meta({ description: 'deployed, degraded, rolled-back, failed or skipped; null until it is known.' }),
    message: z.string().nullable(),
    previous: z.string().nullable().meta({ description: 'What it ran before.' }),
    startedAt: z.int().nullable(),
    endedAt: z.int().nullable(),
  })
  .meta({ id: 'RolloutHost' });

export const rolloutDetails = rollout.extend({ hosts: z.array(rolloutHost), leftOut, plan });

/** What changes on a host of a rollout. */
export const rolloutChange = z
  .object({ host: z.string(), diff: hostDiffSchema })
  .meta({ id: 'RolloutChange' });

export const journalEntry = z.looseObject({ type: z.string(), at: z.number() });

export const host = z
  .object({
    project: z.string(),
    name: z.string(),
    system: z.string().nullable().meta({ description: 'What it was given last with success.' }),
    systemAt: z.int().nullable(),
    previousSystem: z.string().nullable().meta({ description: 'What it ran before that; both are kept.' }),
    lastRollout: z.string().nullable(),
    claimedBy: z.string().nullable().meta({ description: 'The rollout that works on it.' }),
    cordonedBy: z.string().nullable(),
    cordonedAt: z.int().nullable(),
    cordonReason: z.string().nullable(),
    facts: z
      .looseObject({})
      .nullable()
      .meta({ description: 'What it said of itself when it was asked last.' }),
    factsAt: z.int().nullable(),
  })
  .meta({ id: 'Host' });

export const cordonRequest = z.object({ reason: z.string().max(1000).default('') });
