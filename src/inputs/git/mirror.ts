/**
 * A bare copy of a repository, kept from one fetch to the next, that holds what was asked for so far: each branch or tag
 * under a name made of its hash (so that a branch `a` can be followed by one called `a/b`), and the tags on the way.
 *
 * Whoever uses one holds its lock. What a fetch leaves behind when it is killed (locks, half a pack) is removed by the
 * next one; a copy that is broken is made anew.
 */

import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../util/app-error.ts';
import { holdLock } from '../hold-lock.ts';
import type { GitRemote } from './remote.ts';
import { type GitContext, runGit } from './run-git.ts';
import { isRevision } from './schema.ts';

export type RemoteContext = GitContext & { readonly remote: GitRemote };

export interface Mirror {
  readonly folder: string;
  readonly context: RemoteContext;
}

export interface CommitFacts {
  /** Commits in its history, itself counted. */
  readonly revCount: number;
  /** The nearest annotated tag, and how far it is; without one the same as shortRev. */
  readonly gitTag: string;
  readonly shortRev: string;
}

/** A fetch in which many packs have come together joins them, in time that is proportional to the small ones. */
const manyPacks = 20;

/** What a fetch that was killed leaves in the parts of a repository. No name of a ref ends so. */
const leftovers: readonly (readonly [string, RegExp])[] = [
  ['', /\.lock$/],
  ['refs', /\.lock$/],
  ['objects/info', /\.lock$/],
  ['objects/pack', /^tmp_|\.(?:lock|keep)$/],
];

/** How git says that its own repository is damaged; what the other side says comes after `remote:`. */
const brokenCopy =
  /^(?!remote:).*(?:cannot make the copy|not a git repository|is corrupt|bad object|missing (?:blob|tree|commit|object)|object file .* is empty|unable to read|packfile .* cannot be|bad signature|invalid sha1)/im;

export const trustingUploadPack = "git -c 'safe.directory=*' -c pack.threads=1 upload-pack";

/**
 * Works with the mirror of a repository while nobody else does. `base` is where it is kept, without a suffix. Throws what
 * the work throws; work that finds the copy broken is done once more with a fresh one.
 */
export async function useMirror<T>(
  base: string,
  context: RemoteContext,
  work: (mirror: Mirror) => Promise<T>,
): Promise<T> {
  await using _lock = await holdLock(`${base}.mirror.lock`, context.signal);
  const folder = `${base}.git`;
  try {
    await prepareMirror({ folder, context });
    return await work({ folder, context });
  } catch (error) {
    if (!isBrokenMirror(error) || context.signal.aborted) throw error;
  }
  // The old copy stays until the new one is there, for it may be the other side that is broken.
  const fresh = `${base}.git.new`;
  await rm(fresh, { recursive: true, force: true });
  await prepareMirror({ folder: fresh, context });
  const result = await work({ folder: fresh, context });
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
  return result;
}

/** Fetches a branch, a tag or a commit; `HEAD` is the default branch. Says the commit. Throws `input.fetch`. */
export async function fetchCommit(mirror: Mirror, ref: string, fallback = ref): Promise<string> {
  if (isRevision(ref)) return fetchRevision(mirror, ref);
  if (await fetchRefs(mirror, [`+${ref}:${localRef(ref)}`], ref)) return resolve(mirror, localRef(ref), ref);
  if (fallback !== ref) return fetchCommit(mirror, fallback);
  const { address } = mirror.context.remote;
  if (ref !== 'HEAD') throw new AppError('input.fetch', `${address} has no ${named(ref)}`);
  throw new AppError('input.fetch', `${address} has no default branch`, {
    hint: 'Name a branch after the address. A repository that has just been made may also be empty.',
  });
}

async function fetchRevision(mirror: Mirror, revision: string): Promise<string> {
  if (await isComplete(mirror, revision)) return resolve(mirror, revision, revision);
  try {
    await fetchRefs(mirror, [`+${revision}:${localRef(revision)}`], revision);
  } catch (error) {
    if (mirror.context.signal.aborted || isBrokenMirror(error)) throw error;
    // Old servers give no commit by its hash, but it may be on one of their branches.
    await fetchRefs(mirror, ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'], revision);
  }
  return resolve(mirror, revision, revision);
}

/** What builds make version names of. */
export async function commitFacts(mirror: Mirror, commit: string): Promise<CommitFacts> {
  return {
    revCount: Number(await ask(mirror, ['rev-list', '--count', commit])),
    gitTag: await ask(mirror, ['describe', '--always', commit]),
    shortRev: await ask(mirror, ['rev-parse', '--short', commit]),
  };
}

/** Runs git in the mirror and gives what it printed. Throws `input.fetch`. */
export async function ask({ folder, context }: Mirror, args: readonly string[]): Promise<string> {
  const { ok, stdout, complaint } = await runGit([`--git-dir=${folder}`, ...args], context);
  if (!ok) throw fetchFailed(`cannot read ${context.remote.address}`, complaint);
  return stdout.trimEnd();
}

/** True for an error that making the mirror anew may mend. */
function isBrokenMirror(error: unknown): boolean {
  return error instanceof AppError && error.code === 'input.fetch' && brokenCopy.test(error.message);
}

/** False when the other side has no such ref. */
async function fetchRefs(
  { folder, context }: Mirror,
  refspecs: readonly string[],
  ref: string,
): Promise<boolean> {
  const { remote } = context;
  const args = ['fetch', '--quiet', '--force', '--no-write-fetch-head'];
  // A repository of another user is not dangerous to fetch from; see git-upload-pack(1).
  if (remote.kind === 'local') args.push(`--upload-pack=${trustingUploadPack}`);
  args.push('--', remote.address, ...refspecs);
  const { ok, complaint } = await runGit([`--git-dir=${folder}`, ...args], context);
  if (ok) await joinPacks(folder, context);
  else if (/couldn't find remote ref/.test(complaint)) return false;
  else throw fetchFailed(`cannot fetch ${named(ref)} of ${remote.address}`, complaint);
  return true;
}

function named(ref: string): string {
  if (ref === 'HEAD') return 'the default branch';
  return isRevision(ref) ? `revision ${ref}` : `branch or tag ${ref}`;
}

/** Makes the mirror where it is not yet there, and takes away what a killed fetch has left in it. */
async function prepareMirror({ folder, context }: Mirror): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { ok, complaint } = await runGit(['init', '--quiet', '--bare', '--template=', folder], context);
  if (!ok) throw fetchFailed(`cannot make the copy ${folder}`, complaint);
  for (const [part, leftover] of leftovers) {
    const entries = await readdir(join(folder, part), { recursive: part !== '' }).catch(() => []);
    for (const entry of entries.filter((name) => leftover.test(name))) {
      await rm(join(folder, part, entry), { force: true, recursive: true });
    }
  }
}

async function joinPacks(folder: string, context: GitContext): Promise<void> {
  const files = await readdir(join(folder, 'objects/pack'));
  if (files.filter((name) => name.endsWith('.pack')).length <= manyPacks) return;
  // Were it to fail, only speed would be lost.
  await runGit([`--git-dir=${folder}`, 'repack', '--quiet', '-d', '--geometric=2'], context);
}

/** A commit that was left by a fetch that was killed can lack what is before it. */
async function isComplete({ folder, context }: Mirror, commit: string): Promise<boolean> {
  const { ok } = await runGit(
    [`--git-dir=${folder}`, 'rev-list', '--quiet', '--objects', commit, '--not', '--all'],
    context,
  );
  return ok;
}

async function resolve(mirror: Mirror, name: string, ref: string): Promise<string> {
  const { folder, context } = mirror;
  const args = [`--git-dir=${folder}`, 'rev-parse', '--verify', '--quiet', `${name}^{commit}`];
  const { ok, stdout } = await runGit(args, context);
  if (ok) return stdout.trim();
  throw new AppError('input.fetch', `${context.remote.address} has no commit ${ref}`);
}

function localRef(ref: string): string {
  return `refs/fetched/${createHash('sha256').update(ref).digest('hex')}`;
}

function fetchFailed(what: string, complaint: string): AppError {
  return new AppError('input.fetch', `${what}: ${complaint}`);
}
