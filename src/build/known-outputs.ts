/** Where a step's outputs are, or will be: as its derivation says, or, for floating ones, as the store has learned. */

import type { StorePath } from '../nix/store-path.ts';
import type { Store } from '../store/store.ts';
import type { BuildStep } from './build-step.ts';

/** Paths by output name; floating outputs that were never built are left out. */
export async function knownOutputs(
  step: Pick<BuildStep, 'drvPath' | 'outputs' | 'floating'>,
  store: Pick<Store, 'queryDerivationOutputMap'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StorePath>> {
  const learned = step.floating ? await store.queryDerivationOutputMap(step.drvPath, { signal }) : undefined;
  const known = new Map<string, StorePath>();
  for (const [name, output] of step.outputs) {
    const path = output.path ?? learned?.get(name);
    if (path !== undefined) known.set(name, path);
  }
  return known;
}
