/**
 * The lines that Nix prints on its standard error with `--log-format internal-json`: `@nix ` and a JSON object, one event
 * each. Ids of activities go beyond 2^53, so they are kept as decimal strings, with the digits that Nix printed.
 * Source: libutil/logging.cc.
 */

import { z } from 'zod';

export type NixLogLine = z.infer<typeof lineSchema>;

const id = z.string().regex(/^[0-9]+$/);
const fields = z.array(z.union([z.string(), z.number()])).default([]);
const known = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);

const lineSchema = z.discriminatedUnion('action', [
  z.object({
    action: z.literal('msg'),
    /** See `logLevel` in `activity.ts`. */
    level: z.int(),
    /** For people, with terminal escapes. */
    msg: z.string(),
    /** Errors only: the message without its position and trace, with terminal escapes. */
    raw_msg: known(z.string()),
    /** Errors only, where known: where in the Nix sources; line and column count from 1. */
    file: known(z.string()),
    line: known(z.int()),
    column: known(z.int()),
  }),
  z.object({
    action: z.literal('start'),
    id,
    level: z.int(),
    /** See `activityType` in `activity.ts`. */
    type: z.int(),
    text: z.string(),
    fields,
    /** `'0'` for none, and always from Nix 2.8, which does not say it. */
    parent: id.default('0'),
  }),
  z.object({ action: z.literal('stop'), id }),
  z.object({
    action: z.literal('result'),
    id,
    /** See `activityResult` in `activity.ts`. */
    type: z.int(),
    fields,
  }),
]);

const prefix = '@nix ';

/** The event of a line; undefined for any other line, and for one that Nix would not print. */
export function parseInternalJsonLine(line: string): NixLogLine | undefined {
  if (!line.startsWith(prefix)) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(line.slice(prefix.length), keepIds);
  } catch {
    return undefined;
  }
  return lineSchema.safeParse(json).data;
}

/** Gives an id as it is written, before it is rounded to a double. */
function keepIds(
  this: unknown,
  key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const isId = (key === 'id' || key === 'parent') && typeof value === 'number';
  return isId ? context?.source : value;
}
