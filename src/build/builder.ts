/** A machine that builds derivations, as data. `local-builder.ts` and `ssh-builder.ts` make them. */

import type { Store } from '../store/store.ts';

export interface Builder {
  /** For people and for the build row: `local`, or the URI without keys. */
  readonly name: string;
  /** Native systems first. Every builder also takes the system `builtin`. */
  readonly systems: readonly string[];
  /** Those of `systems` that run under emulation: native builders are preferred, kvm steps never come here. */
  readonly emulatedSystems: readonly string[];
  readonly supportedFeatures: readonly string[];
  /** A step must ask for all of these. */
  readonly mandatoryFeatures: readonly string[];
  /** Steps at a time. */
  readonly slots: number;
  readonly speedFactor: number;
  /** True when its store is the one that holds the derivations: nothing is copied. */
  readonly isLocal: boolean;
  /** Nix settings its daemon is given for each build, e.g. `extra-platforms`. */
  readonly settings: Readonly<Record<string, string>>;
  /** Opens its store; called once per build queue, again after it was lost. */
  open(signal?: AbortSignal): Promise<Store>;
}
