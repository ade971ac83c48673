/** What is known of a path that should be in the store. */

import type { StorePath } from '../../nix/store-path.ts';
import type { AddedTree } from '../add-tree.ts';
import type { InputDeps } from '../input.ts';

/** It is kept first, so that it stays when it is there. */
export async function describeStorePath(
  storePath: StorePath,
  { keep, store, signal }: Pick<InputDeps, 'keep' | 'store' | 'signal'>,
): Promise<AddedTree | undefined> {
  await keep(storePath);
  const info = await store.queryPathInfo(storePath, { signal });
  return info === undefined ? undefined : { storePath, sha256: info.narHash };
}
