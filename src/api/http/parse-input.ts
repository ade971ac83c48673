/** Checks what a client sent against a schema, and says what is wrong: which key, what is wanted, what came. */

import type { z } from 'zod';
import { AppError } from '../../util/app-error.ts';

const secret = /password|secret|token/i;

/** Throws `api.invalid`. */
export function parseInput<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('api.invalid', describeIssues(parsed.error, value), { cause: parsed.error });
}

export function describeIssues(error: z.ZodError, value: unknown): string {
  return error.issues
    .slice(0, 5)
    .map(({ path, message }) => {
      const key = path.map(String).join('.');
      const got = valueAt(value, path);
      // Whole objects are too much to repeat.
      const isHidden = got === undefined || secret.test(key) || (key === '' && typeof got === 'object');
      return `${key === '' ? '' : `${key}: `}${message}${isHidden ? '' : `, got ${show(got)}`}`;
    })
    .join('\n');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = new Map<PropertyKey, unknown>(Object.entries(at)).get(String(key));
  }
  return at;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
