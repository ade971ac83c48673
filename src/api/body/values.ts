/**
 * Values as clients of Hydra send them: numbers as texts, and booleans that are true by being there at all. A false, a
 * null and a zero are false all the same, where Hydra takes them for true.
 */

import { z } from 'zod';

const falsy: ReadonlySet<unknown> = new Set([undefined, false, null, 0, '0', 'false']);

export const presence = z
  .unknown()
  .optional()
  .transform((value) => !falsy.has(value));

/** Missing, null and empty are `''`. */
export const text = z
  .union([z.string(), z.number().transform(String)], 'wanted a text')
  .nullish()
  .transform((value) => (value ?? '').trim());

/** Missing, null and empty are what is said; `true` is 1. */
export function wholeNumber(least: number, most: number, otherwise: number) {
  const wanted = `wanted a whole number from ${least} to ${most}`;
  return z
    .unknown()
    .optional()
    .transform((value) => {
      if (value === undefined || value === null || value === '') return otherwise;
      if (typeof value === 'boolean') return Number(value);
      return typeof value === 'string' && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : value;
    })
    .pipe(z.int(wanted).min(least, wanted).max(most, wanted));
}
