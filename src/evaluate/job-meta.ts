/** What Proteus uses of a job's `meta`. A member that is not of the form that Hydra reads counts as missing. */

import { z } from 'zod';
import type { JobMeta } from './jobset-evaluation.ts';

const text = z.string().nullable().catch(null);
const number = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);
const seconds = number.pipe(z.int().nonnegative()).nullable().catch(null);
const flag = z.literal([true, 'true', '1', 1]);

/** A text, or a set that has it as a member; one or many, joined. */
function texts(member: string) {
  const one = z.union([z.string(), z.record(z.string(), z.unknown()).transform((set) => set[member])]);
  return z
    .union([z.array(one.catch('')), one.transform((value) => [value])])
    .catch([])
    .transform((all) => all.filter((value) => typeof value === 'string' && value !== '').join(', ') || null);
}

const schema = z.object({
  description: text,
  license: texts('shortName'),
  homepage: text,
  maintainers: texts('email'),
  schedulingPriority: number.catch(100),
  timeout: seconds,
  maxSilent: seconds,
  isChannel: flag.transform(() => true).catch(false),
});

/** From what a worker says of `meta`. Never fails. */
export function jobMeta(meta: Readonly<Record<string, unknown>>): JobMeta {
  return schema.parse({ ...meta, isChannel: meta.isChannel ?? meta.isHydraChannel });
}
