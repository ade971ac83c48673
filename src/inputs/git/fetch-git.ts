/**
 * Fetching a git input: the mirror is brought up to date, and what was not in the store before is checked out and added.
 *
 * Two locks: `ID.lock` for all that is done for one address, `ID.mirror.lock` for its mirror, which submodules of other
 * repositories use as well. Nobody waits for a lock while holding that of a mirror, so no circle of submodules can
 * come to a standstill.
 */

import { createHash } from 'node:crypto';
import { lstat, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { type AddedTree, addTree } from '../add-tree.ts';
import { findFetched, rememberFetched } from '../fetched-paths.ts';
import type { InputDeps } from '../input.ts';
import { checkOut, deepClone } from './checkout.ts';
import { type CommitFacts, commitFacts, fetchCommit, type RemoteContext, useMirror } from './mirror.ts';
import { parseRemote } from './remote.ts';
import type { GitValue } from './schema.ts';
import { listSubmodules, type Submodule } from './submodules.ts';

export interface FetchedCommit extends AddedTree, CommitFacts {
  readonly rev: string;
}

/** Where all that belongs to an address is kept; with another key it is another place, lest one reads what only the
 * other may. */
export function repositoryBase(cacheDirectory: string, uri: string, sshKey: string | undefined): string {
  const identity = sshKey === undefined ? uri : `${uri}\0${sshKey}`;
  return join(cacheDirectory, 'git', createHash('sha256').update(identity).digest('hex'));
}

/** The caller holds the lock of the address. Throws `input.fetch`, `input.invalid` (of a submodule), `interrupted`. */
export async function fetchGit(
  value: GitValue,
  deps: InputDeps,
  signal: AbortSignal,
): Promise<FetchedCommit> {
  const { uri, remote, options } = value;
  const { sshKey, fallback_branch, submodules = 'yes' } = options;
  const base = repositoryBase(deps.cacheDirectory, uri, sshKey);
  const context: RemoteContext = { env: deps.env, signal, remote, sshKey };
  const guarded = { ...deps, signal };
  const work = `${base}.work`;
  const tree = join(work, 'source');
  // A fetch that was killed may have left it.
  await rm(work, { recursive: true, force: true });
  try {
    const fetched = await useMirror(base, context, async (mirror) => {
      const rev = await fetchCommit(mirror, value.ref ?? 'HEAD', value.ref ?? fallback_branch);
      const key = [rev, value.deepClone ? 'deep' : 'plain', `submodules=${submodules}`].join(' ');
      const known = await findFetched(`${base}.json`, key, guarded);
      const facts = await commitFacts(mirror, rev);
      let modules: readonly Submodule[] = [];
      if (known === undefined) {
        await (value.deepClone ? deepClone(mirror, rev, tree) : checkOut(mirror, rev, tree, `${work}/index`));
        if (submodules !== 'no') modules = await listSubmodules(mirror, rev, uri);
      }
      return { key, known, modules, commit: { rev, ...facts } };
    });
    const { key, known, modules, commit } = fetched;
    if (known !== undefined) return { storePath: known.storePath, sha256: known.sha256, ...commit };
    const place = {
      deps,
      context,
      recursive: submodules === 'recursive',
      root: tree,
      scratch: `${work}/index`,
    };
    for (const module of modules) await addSubmodule(module, place, tree);
    const added = await addTree(tree, 'source', guarded);
    await rememberFetched(`${base}.json`, { key, ...added });
    return { ...added, ...commit };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface SubmodulePlace {
  readonly deps: InputDeps;
  readonly context: RemoteContext;
  readonly recursive: boolean;
  readonly root: string;
  readonly scratch: string;
}

/** Checks a submodule out below the folder of its superproject. */
async function addSubmodule(module: Submodule, place: SubmodulePlace, superproject: string): Promise<void> {
  const { deps, context } = place;
  const into = join(superproject, module.path);
  try {
    const remote = parseRemote(module.uri);
    if (remote.kind === 'local' && context.remote.kind !== 'local') {
      throw new AppError(
        'input.fetch',
        `${remote.address} is on this machine, which only a repository that is, too, may name`,
      );
    }
    // git makes an empty folder for it; a symlink in its place, or on the way, would lead out of the tree.
    if (
      !(await lstat(into)).isDirectory() ||
      (await realpath(into)) !== join(await realpath(superproject), module.path)
    ) {
      throw new AppError('input.fetch', 'its place is not a folder of the repository');
    }
    const base = repositoryBase(deps.cacheDirectory, module.uri, context.sshKey);
    const below = await useMirror(base, { ...context, remote }, async (mirror) => {
      await fetchCommit(mirror, module.commit);
      await checkOut(mirror, module.commit, into, place.scratch);
      return place.recursive ? listSubmodules(mirror, module.commit, module.uri) : [];
    });
    for (const inner of below) await addSubmodule(inner, { ...place, context: { ...context, remote } }, into);
  } catch (error) {
    if (context.signal.aborted || !(error instanceof AppError)) throw error;
    throw new AppError('input.fetch', `submodule ${module.path}: ${errorMessage(error)}`, { cause: error });
  }
}
