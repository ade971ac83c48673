/**
 * Runs a verb of `host/*.sh` on a host, as root, and takes its answer apart. The script goes over standard input, read to
 * its last byte and no further, so that what comes after it is the verb's. Nothing that the host says is trusted.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isStorePath, type StorePath } from '../../nix/store-path.ts';
import { shellQuote } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import { holderName } from '../secrets/upload-name.ts';
import type { HostSession } from '../session/host-session.ts';
import { rolloutForm } from '../session/parse-facts.ts';

export type Verb = 'hold' | 'start' | 'follow' | 'confirm' | 'keep' | 'back' | 'leave';

export interface VerbOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  readonly fresh?: boolean | undefined;
  /** After the script, e.g. signs of life. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** Each line of the script as it comes, without its prefix. */
  readonly onAnswer?: ((line: string) => void) | undefined;
}

const optionalPath = z
  .string()
  .refine((text): text is StorePath | '' => text === '' || isStorePath(text))
  .transform((text) => (text === '' ? undefined : text));

/** How an activation stands; undefined where nothing is known. */
const stateSchema = z.object({
  state: z
    .enum([
      'activating',
      'active',
      'confirmed',
      'done',
      'kept',
      'failed',
      'rolling-back',
      'rolled-back',
      'back-failed',
      'rebooting',
    ])
    .optional(),
  action: z.enum(['dry-activate', 'test', 'switch', 'boot']).optional(),
  toplevel: optionalPath.optional(),
  /** What ran before. */
  before: optionalPath.optional(),
  /** Of switch-to-configuration, or of setting the profile. */
  exit: z
    .string()
    .regex(/^(?:\d{0,3}|timeout|told)$/)
    .optional(),
  /** Why it failed or went back. */
  reason: z.enum(['', 'profile', 'exit', 'told', 'unheard']).optional(),
  /** Of going back. */
  'back-exit': z
    .string()
    .regex(/^(?:\d{0,3}|timeout|told|nothing)$/)
    .optional(),
  /** Whether its supervisor lives. */
  alive: z.enum(['yes', 'no']).optional(),
  /** Whether what was there before is still remembered. */
  memory: z.literal('yes').optional(),
  /** Of the system in which it was activated. */
  boot: z
    .string()
    .regex(/^[0-9a-f-]{36}$/)
    .optional(),
});
export type ActivationState = z.infer<typeof stateSchema>;

export interface Answer {
  /** The first word of the answer, and what follows it. */
  readonly word: string;
  readonly rest: readonly string[];
  readonly state: ActivationState;
}

const script = Buffer.concat(
  ['common', 'supervisor', 'launch', 'verbs'].map((part) =>
    readFileSync(join(import.meta.dirname, 'host', `${part}.sh`)),
  ),
);
const prefix = 'proteus: ';
const bootstrap = shellQuote(`script=$(head -c ${script.length}); eval "$script"`);
const defaultTimeoutMs = 90_000;

/** Throws `deploy.locked`, `deploy.host-answer`, and what running on a host throws. */
export async function hostVerb(
  session: HostSession,
  verb: Verb,
  rollout: string,
  args: readonly (string | number)[],
  options: VerbOptions,
): Promise<Answer> {
  const { name } = session.host;
  if (!rolloutForm.test(rollout)) throw new Error(`${rollout} cannot name a rollout`);
  const said: string[] = [];
  const pairs = new Map<string, string>();
  const others: string[] = [];
  const words = [
    'sh',
    '-c',
    bootstrap,
    'proteus',
    verb,
    rollout,
    ...args.map((arg) => shellQuote(String(arg))),
  ];
  const code = await session.run(words, {
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    fresh: options.fresh,
    asRoot: true,
    stdin: withScript(options.stdin),
    onLine: (line) => {
      if (!line.startsWith(prefix)) {
        others.push(line);
        if (others.length > 10) others.shift();
        return;
      }
      const answer = line.slice(prefix.length);
      const pair = /^= ([a-z-]+)=(.*)$/.exec(answer);
      if (pair !== null) pairs.set(pair[1] ?? '', pair[2] ?? '');
      else if (!answer.startsWith('|') && said.length < 100) said.push(answer);
      options.onAnswer?.(answer);
    },
  });
  const [word = '', ...rest] = (said[0] ?? '').split(' ');
  if (word === 'locked') throw locked(name, rest);
  const parsed = stateSchema.safeParse(Object.fromEntries(pairs));
  if (code !== 0 || !parsed.success || (said.length === 0 && verb !== 'hold')) {
    const got = parsed.success ? others.join('\n') : JSON.stringify(Object.fromEntries(pairs)).slice(0, 400);
    throw new AppError(
      'deploy.host-answer',
      `${name}: what was asked of it (${verb}) ended with exit code ${code} and no answer that makes sense: ${got}`,
    );
  }
  return { word, rest, state: parsed.data };
}

function locked(name: string, [rollout = '', since = '']: readonly string[]): AppError {
  const other = rolloutForm.test(rollout) ? holderName(rollout) : 'another rollout';
  const when = /^\d{1,12}$/.test(since) ? new Date(Number(since) * 1000).toISOString() : 'a while ago';
  return new AppError('deploy.locked', `${name}: ${other} works on it since ${when}`);
}

async function* withScript(rest: AsyncIterable<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
  yield script;
  if (rest !== undefined) yield* rest;
}
