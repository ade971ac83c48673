/** One entry of a journal, as it is kept. */

import { z } from 'zod';
import { hostDiffSchema } from '../diff/host-diff.ts';
import { hostSteps, type JournalEntry } from './journal.ts';
import { planSchema } from './plan-schema.ts';

const at = z.number();
const host = z.string();
const message = z.string();
const path = z
  .string()
  .optional()
  .transform((value) => value);

const outcome = z.discriminatedUnion('result', [
  z.strictObject({ host, result: z.literal('deployed') }),
  z.strictObject({ host, result: z.literal('degraded'), message }),
  z.strictObject({ host, result: z.literal('rolled-back'), message }),
  z.strictObject({ host, result: z.literal('failed'), message }),
  z.strictObject({ host, result: z.literal('skipped'), reason: z.string() }),
]);

export const journalEntrySchema: z.ZodType<JournalEntry> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('planned'), at, by: z.string(), why: z.string(), plan: planSchema }),
  z.strictObject({ type: z.literal('started'), at, by: z.string() }),
  z.strictObject({ type: z.enum(['paused', 'resumed', 'aborted']), at, by: z.string() }),
  z.strictObject({ type: z.literal('wave'), at, wave: z.int() }),
  z.strictObject({ type: z.literal('step'), at, host, step: z.enum(hostSteps), why: z.string().optional() }),
  z.strictObject({ type: z.literal('trouble'), at, host, message }),
  z
    .strictObject({ type: z.literal('previous'), at, host, current: path, profile: path })
    .transform((entry) => {
      return { ...entry, current: entry.current, profile: entry.profile };
    }),
  z.strictObject({ type: z.literal('diff'), at, host, diff: hostDiffSchema }),
  z.strictObject({ type: z.literal('host'), at, outcome }),
  z.strictObject({
    type: z.literal('ended'),
    at,
    result: z.enum(['succeeded', 'degraded', 'failed', 'aborted']),
  }),
]);
