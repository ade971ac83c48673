/** What the scheduler needs to know of a derivation, without the parts that only the builder uses. */

import type { DerivationOutput } from '../nix/derivation.ts';
import type { StorePath } from '../nix/store-path.ts';

export interface BuildStep {
  readonly drvPath: StorePath;
  /** The derivation's name, e.g. `hello-2.12`. */
  readonly name: string;
  /** The system that can build it, or `builtin`. */
  readonly system: string;
  readonly requiredFeatures: readonly string[];
  /** Too small to be worth a copy to another machine. */
  readonly prefersLocal: boolean;
  readonly outputs: ReadonlyMap<string, DerivationOutput>;
  /** Output names wanted of each input derivation. */
  readonly inputs: ReadonlyMap<StorePath, readonly string[]>;
  /** Some output has no path before it is built (content-addressed, or behind such a one): only Nix itself can. */
  readonly floating: boolean;
}

/** Of those outputs whose paths are known before it is built. */
export function outputPaths({ outputs }: Pick<BuildStep, 'outputs'>): readonly StorePath[] {
  return [...outputs.values()].flatMap(({ path }) => path ?? []);
}
