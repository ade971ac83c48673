/** The files of a commit, as `git checkout` makes them, beside a mirror that stays as it is. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../util/app-error.ts';
import { type Mirror, trustingUploadPack } from './mirror.ts';
import { runGit } from './run-git.ts';

/** Writes the files into a folder, in place of what is there. */
export async function checkOut(mirror: Mirror, commit: string, into: string): Promise<void> {
  // In the mirror, where its lock is taken away when this is killed.
  const index = join(mirror.folder, 'checkout-index');
  await Promise.all([into, index].map((path) => rm(path, { recursive: true, force: true })));
  await mkdir(into);
  const args = [`--git-dir=${mirror.folder}`, `--work-tree=${into}`, 'read-tree', '--reset', '-u', commit];
  await git(mirror, args, { GIT_INDEX_FILE: index });
  await rm(index);
}

/**
 * The same with a repository in `.git` that holds the history of the commit and the tags in it, for builds that ask git.
 * Nothing in it tells where it came from, or when it was made.
 */
export async function deepClone(mirror: Mirror, commit: string, into: string): Promise<void> {
  const gitDir = join(into, '.git');
  const branch = 'refs/heads/fetchgit';
  await rm(into, { recursive: true, force: true });
  await git(mirror, ['init', '--quiet', '--template=', '--initial-branch=fetchgit', into]);
  await git(mirror, [
    `--git-dir=${gitDir}`,
    ...[
      '-c',
      'fetch.writeCommitGraph=false',
      'fetch',
      '--quiet',
      '--no-write-fetch-head',
      '--update-head-ok',
    ],
    `--upload-pack=${trustingUploadPack}`,
    ...['--', mirror.folder, `+${commit}:${branch}`],
  ]);
  await git(mirror, [`--git-dir=${gitDir}`, `--work-tree=${into}`, 'read-tree', '--reset', '-u', branch]);
  // Once more without the files: an index that has not seen them holds no times.
  await rm(join(gitDir, 'index'));
  await git(mirror, [`--git-dir=${gitDir}`, 'read-tree', branch]);
}

async function git({ context }: Mirror, args: readonly string[], variables = {}): Promise<void> {
  const { ok, complaint } = await runGit(args, context, variables);
  if (!ok) throw new AppError('input.fetch', `cannot check out ${context.remote.address}: ${complaint}`);
}
