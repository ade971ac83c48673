/** Makes the cache at the root keep paths of the live store for good, and waits until it does. */

import type { StorePath } from '../../nix/store-path.ts';
import { storePathHash } from '../../nix/store-path.ts';
import { pause } from '../../util/pause.ts';
import type { PathSource } from '../path-source.ts';
import type { Materialiser } from './create-materialiser.ts';

export interface AdoptDeps {
  readonly materialiser: Pick<Materialiser, 'want' | 'waiting'>;
  /** What it keeps already. */
  readonly kept: Pick<PathSource, 'mayHave'>;
}

const lookEveryMs = 50;

/**
 * Those that are not in the store, or cannot be stored, are left out; whoever needs them finds out. Throws `interrupted`.
 */
export async function adoptPaths(
  { materialiser, kept }: AdoptDeps,
  paths: readonly StorePath[],
  signal: AbortSignal,
): Promise<void> {
  materialiser.want(paths, 'built');
  const isOut = (path: StorePath): boolean => !kept.mayHave(storePathHash(path));
  while (materialiser.waiting > 0 && paths.some(isOut)) await pause(lookEveryMs, signal);
}
