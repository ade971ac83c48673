/** What a derivation file says, as data. `parse-derivation.ts` and `print-derivation.ts` hold the ATerm form. */

import type { StorePath } from './store-path.ts';

/** One output of a derivation. */
export interface DerivationOutput {
  /** Known for input-addressed and fixed-output derivations; undefined for floating content-addressed ones. */
  readonly path: StorePath | undefined;
  /** `''` input-addressed; else `sha256`, `r:sha256`, `text:sha256` …: how the content is hashed. */
  readonly hashAlgorithm: string;
  /** Base-16 hash of a fixed output, `''` otherwise. */
  readonly hash: string;
}

/** The part that a builder needs: no input derivations, sources including all resolved input outputs. */
export interface BasicDerivation {
  /** By output name, in the file's order. */
  readonly outputs: ReadonlyMap<string, DerivationOutput>;
  readonly inputSources: readonly StorePath[];
  /** The system that can build it, e.g. `x86_64-linux`. */
  readonly platform: string;
  readonly builder: string;
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
}

export interface Derivation extends BasicDerivation {
  /** Output names wanted of each input derivation, in the file's order. */
  readonly inputDerivations: ReadonlyMap<StorePath, readonly string[]>;
}
