/** The settings of Nix that decide what it takes from a cache, as `nix show-config --json` prints them. */

import { z } from 'zod';
import { runProcess } from '../../../process/run-process.ts';
import { AppError } from '../../../util/app-error.ts';
import { parseJson } from '../../../util/parse-json.ts';

const words = z.object({ value: z.array(z.string()) }).transform(({ value }) => value);
const seconds = z.object({ value: z.number() }).transform(({ value }) => value);
const text = z.object({ value: z.string().nullable() }).transform(({ value }) => value ?? '');
const settingsSchema = z.object({
  substituters: words,
  'trusted-substituters': words,
  'trusted-public-keys': words,
  'trusted-users': words.default(['root']),
  'require-sigs': z.object({ value: z.boolean() }).transform(({ value }) => value),
  'narinfo-cache-negative-ttl': seconds,
  'narinfo-cache-positive-ttl': seconds,
  'ssl-cert-file': text.default(''),
  'netrc-file': text.default(''),
});

export type NixSettings = z.output<typeof settingsSchema>;

/** What the command says in that environment. Throws `process.…`, or `store.protocol` for an answer of another form. */
export async function readNixSettings(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<NixSettings> {
  const nix = ['nix', '--extra-experimental-features', 'nix-command'] as const;
  const options = { env, signal, timeoutMs: 30_000 };
  // Newer versions have another name for it, and say so on standard error.
  const { stdout } = await runProcess([...nix, 'config', 'show', '--json'], options).catch(() =>
    runProcess([...nix, 'show-config', '--json'], options),
  );
  const parsed = settingsSchema.safeParse(parseJson(stdout));
  if (parsed.success) return parsed.data;
  throw new AppError(
    'store.protocol',
    `nix show-config --json has another form than expected: ${z.prettifyError(parsed.error)}`,
  );
}
