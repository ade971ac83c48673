/**
 * The lines that nix-eval-jobs prints, each a JSON object: about a job, about one that failed (`error`), or, without an
 * `attr`, about a root that did not evaluate. Keys that we do not know are of no account, as they differ by version.
 */

import { z } from 'zod';
import { isStorePath, storePathFromBaseName } from '../../nix/store-path.ts';

const storePath = z.string().transform((text, context) => {
  if (isStorePath(text)) return text;
  try {
    // Constituents have been without the folder in some versions.
    return storePathFromBaseName(text);
  } catch {
    context.addIssue(`${text} is no store path`);
    return z.NEVER;
  }
});

const attrPath = z.array(z.string()).default([]);
const lineSchema = z.union([
  z.object({ attrPath, error: z.string() }),
  z.object({
    attrPath,
    name: z.string(),
    system: z.string(),
    drvPath: storePath,
    /** Null for a floating content-addressed output. */
    outputs: z.record(z.string(), storePath.nullish()),
    meta: z.record(z.string(), z.unknown()).nullish(),
    /** Only of an aggregate, and with what its names stood for. */
    constituents: z.array(storePath).optional(),
  }),
]);

export type NixEvalJobsLine = z.infer<typeof lineSchema>;

/** Undefined for a line of another kind. */
export function parseLine(line: string): NixEvalJobsLine | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
