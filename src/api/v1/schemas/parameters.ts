/** Parts of addresses. */

import { z } from 'zod';

/** Digits as a number; `.meta` says so in the description of the API. */
const number = (what: string) =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'wanted a number')
    .transform(Number)
    .pipe(z.int().max(2 ** 31 - 1, 'wanted a smaller number'))
    .meta({ type: 'integer', description: what });

const name = (what: string) =>
  z
    .string()
    .max(1000)
    .refine((text) => !/\p{Cc}/u.test(text), 'wanted no control characters')
    .meta({ description: what });

export const buildParameters = z.object({ id: number('The id of a build.') });
export const stepParameters = z.object({
  id: number('The id of a build.'),
  step: number('The number of a step within it, from 1.'),
});
export const evaluationParameters = z.object({ id: number('The id of an evaluation.') });
export const tokenParameters = z.object({ id: number('The id of a token.') });
export const builderParameters = z.object({ name: name('The name of a builder.') });
export const userParameters = z.object({ name: name('The name of a user.') });
export const jobsetParameters = z.object({
  project: name('The name of a project.'),
  jobset: name('The name of a jobset of it.'),
});
export const rolloutParameters = z.object({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'wanted the id of a rollout')
    .meta({ description: 'The id of a rollout.' }),
});
export const hostParameters = z.object({
  project: name('The name of a project.'),
  host: name('The name of a host of it.'),
});

const cacheName = name('The name of a cache.');
export const cacheParameters = z.object({ cache: cacheName });
export const cacheTokenParameters = z.object({ cache: cacheName, id: number('The id of a token.') });
export const cachePinParameters = z.object({ cache: cacheName, pin: name('The name of a pin.') });
