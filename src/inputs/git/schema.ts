/**
 * The value of a git input: `ADDRESS [BRANCH|TAG|REVISION] [deepClone] [KEY=VALUE…]`, words with spaces between them.
 *
 * As in Hydra the second word is what to fetch, and any further word without `=` asks for a deep clone. Keys: `timeout`
 * (seconds), `fallback_branch` (where a repository has no default branch), `sshKey` (a private key file), `submodules`
 * (`yes`, as Hydra: those of the repository itself; `no`; `recursive`: theirs as well).
 */

import { z } from 'zod';
import { invalidValue } from '../value-problem.ts';
import { type GitRemote, parseRemote } from './remote.ts';

const optionSchemas = {
  timeout: z.coerce
    .number()
    .int()
    .positive()
    .max(7 * 24 * 3600),
  fallback_branch: z.string().refine(isRefName),
  sshKey: z.string().regex(/^\/[^\u0000-\u0020\u007f]+$/),
  submodules: z.enum(['yes', 'no', 'recursive']),
};

const optionForms = new Map([
  ['timeout', 'timeout=SECONDS'],
  ['fallback_branch', 'fallback_branch=BRANCH'],
  ['sshKey', 'sshKey=/PATH/TO/KEY'],
  ['submodules', 'submodules=yes, no or recursive'],
]);

const optionsSchema = z.strictObject(optionSchemas).partial();

export interface GitValue {
  /** As written: it can hold a password. */
  readonly uri: string;
  readonly remote: GitRemote;
  /** `undefined`: the default branch. */
  readonly ref: string | undefined;
  readonly deepClone: boolean;
  readonly options: z.infer<typeof optionsSchema>;
}

/** Reads a value. Throws `input.invalid`. */
export function parseGitValue(value: string): GitValue {
  const [uri, ...words] = value.split(/[ \t\r\n]+/).filter((word) => word !== '');
  if (uri === undefined) throw invalidValue('ADDRESS [BRANCH|TAG|REVISION] [deepClone] [KEY=VALUE…]', value);
  const remote = parseRemote(uri);
  const ref = words[0] === undefined || isOption(words[0]) ? undefined : words.shift();
  if (ref !== undefined && !isRefName(ref))
    throw invalidValue('the name of a branch or tag, or 40 hex digits', ref);
  const options: [string, string][] = [];
  let deepClone = false;
  for (const word of words) {
    const at = word.indexOf('=');
    if (at === -1) deepClone = true;
    else options.push([word.slice(0, at), word.slice(at + 1)]);
  }
  const parsed = optionsSchema.safeParse(Object.fromEntries(options));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]);
    throw invalidValue(
      optionForms.get(name) ?? `one of ${[...optionForms.values()].join('; ')}`,
      words.find((word) => word.startsWith(`${name}=`)) ?? name,
    );
  }
  return { uri, remote, ref, deepClone, options: parsed.data };
}

/** What one fetches with a key is not for those who have none. */
export function gitIdentity(uri: string, sshKey: string | undefined): string {
  return sshKey === undefined ? uri : `${uri}\0${sshKey}`;
}

/** A commit by its hash. */
export function isRevision(ref: string): boolean {
  return /^[0-9a-f]{40}$/.test(ref);
}

/** `a=b` can be a branch, too; only the keys that there are make it an option. */
function isOption(word: string): boolean {
  return Object.keys(optionSchemas).some((name) => word.startsWith(`${name}=`));
}

/** The rules of git-check-ref-format; they also keep out options, ranges and refspecs. */
function isRefName(text: string): boolean {
  return (
    !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^[-/+]|[/.]$/.test(text) &&
    text !== '@' &&
    text.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
  );
}
