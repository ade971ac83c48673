/**
 * What a client says an output of a content-addressed derivation became, in either of its two forms. It is read strictly:
 * nothing but paths, hashes and signatures in their forms is ever kept. Signatures cannot be checked without the keys of
 * others, so they are only passed on; two that say the same but for their signatures are the same.
 */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseKeyText, signatureSize } from '../../nix/key-text.ts';
import { isStorePath, type StorePath, storeDir } from '../../nix/store-path.ts';
import type { Realisation } from '../../store/read-realisation.ts';
import { AppError } from '../../util/app-error.ts';
import { parseJson } from '../../util/parse-json.ts';

/** More than anybody has; each is sent to every client. */
const maxSignatures = 32;

const signature = z
  .union([
    z.string().max(1000),
    // As Nix from 2.35 writes them.
    z
      .strictObject({ keyName: z.string().max(500), sig: z.string().max(500) })
      .transform(({ keyName, sig }) => `${keyName}:${sig}`),
  ])
  .refine((text) => parseKeyText(text, signatureSize).problem === undefined, 'wanted <key name>:<base64>');
const signatures = z.array(signature).max(maxSignatures).default([]);
const path = z
  .string()
  .transform((name) => `${storeDir}/${name}`)
  .refine(isStorePath, 'wanted the base name of a store path');
const id = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}![0-9a-zA-Z+\-._?=]{1,211}$/, 'wanted sha256:<hex>!<output>');

const realisation = z.strictObject({
  id,
  outPath: path,
  dependentRealisations: z.record(id, path).default({}),
  signatures,
});
const buildTrace = z.strictObject({ outPath: path, signatures });
const kept = z.strictObject({
  path: z.string().refine(isStorePath),
  signatures: z.array(z.string()),
  dependencies: z.record(z.string(), z.string().refine(isStorePath)),
});

/** `name`: `sha256:<hex>!<output>` as the address has it. Throws `cache.upload-refused`. */
export function parseRealisation(text: string, name: string): Realisation {
  const read = parse(text, realisation, name);
  if (read.id !== name) {
    throw new AppError('cache.upload-refused', `the realisation put at ${name} is that of ${read.id}`);
  }
  return {
    path: read.outPath,
    signatures: read.signatures,
    dependencies: new Map(Object.entries(read.dependentRealisations)),
  };
}

/** Throws `cache.upload-refused`. */
export function parseBuildTrace(text: string, name: string): Realisation {
  const read = parse(text, buildTrace, name);
  return { path: read.outPath, signatures: read.signatures, dependencies: new Map() };
}

function parse<T>(text: string, schema: z.ZodType<T>, name: string): T {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new AppError(
    'cache.upload-refused',
    `the realisation of ${name} is not one: ${z.prettifyError(parsed.error).slice(0, 1000)}`,
  );
}

/** As it is kept. */
export function writeRealisation({ path, signatures, dependencies }: Realisation): string {
  return JSON.stringify({ path, signatures, dependencies: Object.fromEntries(dependencies) });
}

export function readRealisation(content: string): Realisation {
  const read = kept.parse(JSON.parse(content));
  return { ...read, dependencies: new Map<string, StorePath>(Object.entries(read.dependencies)) };
}

/** Of what it says: sha256, base 16. */
export function realisationHash({ path, dependencies }: Realisation): string {
  const sorted = [...dependencies].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([path, sorted]))
    .digest('hex');
}
