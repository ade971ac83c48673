/** Checking out submodules below the folder of their superproject. */

import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { repositoryBase } from '../fetch-repository.ts';
import type { InputDeps } from '../input.ts';
import { checkOut } from './checkout.ts';
import { fetchCommit, type RemoteContext, useMirror } from './mirror.ts';
import { parseRemote } from './remote.ts';
import { gitIdentity } from './schema.ts';
import { listSubmodules, type Submodule } from './submodules.ts';

export interface SubmodulePlace {
  readonly deps: Pick<InputDeps, 'cacheDirectory'>;
  /** Of the superproject. */
  readonly context: RemoteContext;
  /** Those of the submodules, too. */
  readonly recursive: boolean;
}

/** Throws `input.fetch` that names the submodule, `interrupted`. */
export async function addSubmodules(
  modules: readonly Submodule[],
  place: SubmodulePlace,
  superproject: string,
): Promise<void> {
  for (const module of modules) {
    try {
      await addSubmodule(module, place, superproject);
    } catch (error) {
      if (place.context.signal.aborted || !(error instanceof AppError)) throw error;
      const message = `submodule ${module.path}: ${errorMessage(error)}`;
      throw new AppError('input.fetch', message, { cause: error, hint: error.hint });
    }
  }
}

async function addSubmodule(module: Submodule, place: SubmodulePlace, superproject: string): Promise<void> {
  const remote = parseRemote(module.uri);
  if (remote.kind === 'local' && place.context.remote.kind !== 'local') {
    // Whoever may push there could otherwise read what they may not on this machine.
    throw new AppError(
      'input.fetch',
      `a repository from elsewhere may not name ${remote.address} on this machine`,
    );
  }
  const into = join(superproject, module.path);
  const expected = join(await realpath(superproject), module.path);
  // git makes an empty folder for it; a symlink in its place, or on the way, would lead out of the tree.
  if (!(await lstat(into)).isDirectory() || (await realpath(into)) !== expected) {
    throw new AppError('input.fetch', 'its place is not a folder of the repository');
  }
  const context = { ...place.context, remote };
  const base = repositoryBase(place.deps.cacheDirectory, 'git', gitIdentity(module.uri, context.sshKey));
  const below = await useMirror(base, context, async (mirror) => {
    await fetchCommit(mirror, module.commit);
    await checkOut(mirror, module.commit, into);
    return place.recursive ? listSubmodules(mirror, module.commit, module.uri) : [];
  });
  await addSubmodules(below, { ...place, context }, into);
}
