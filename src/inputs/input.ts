/**
 * An input of a jobset, and what fetching one gives: the contract of the room. Each type is a plug-in, a folder with
 * `index.ts` that exports one `InputPlugin`; `input-plugins.ts` lists them.
 *
 * Types and value syntax are Hydra's (hydra.md §2.2).
 */

import type { StorePath } from '../nix/store-path.ts';
import type { Store } from '../store/store.ts';

export interface InputSpec {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

/** A finished build that an input of type build, sysbuild or eval stands for. */
export interface BuildReference {
  readonly id: number;
  readonly job: string;
  readonly system: string;
  readonly drvPath: StorePath;
  readonly nixName: string;
  /** What the build calls itself (`nix-support/hydra-release-name`). */
  readonly releaseName?: string | null;
  /** By output name. */
  readonly outputs: Readonly<Record<string, StorePath>>;
}

/** Answers from the database, which this room does not know. */
export interface BuildLookup {
  /** The latest success of a job. */
  build(id: number): Promise<BuildReference | undefined>;
  latestSucceeded(job: {
    readonly project: string;
    readonly jobset: string;
    readonly job: string;
  }): Promise<BuildReference | undefined>;
  /** The same, one per system. */
  latestSucceededPerSystem(job: {
    readonly project: string;
    readonly jobset: string;
    readonly job: string;
  }): Promise<readonly BuildReference[]>;
  /** All that succeeded of one evaluation; `undefined` when there is no such evaluation. */
  evaluation(id: number): Promise<readonly BuildReference[] | undefined>;
  /** The latest evaluation of a jobset (with a succeeded build of `job` where that is given) without unfinished builds. */
  latestFinishedEvaluation(jobset: {
    readonly project: string;
    readonly jobset: string;
    readonly job?: string;
  }): Promise<number | undefined>;
}

export interface InputDeps {
  readonly store: Store;
  /** Where clones are kept from one fetch to the next; one folder per plug-in is made in it. */
  readonly cacheDirectory: string;
  /** Whose jobset it is: builds are looked up relative to it, and settings can name it. */
  readonly project: string;
  readonly jobset: string;
  readonly builds: BuildLookup;
  /**
   * Makes a path safe from the garbage collector, whether it is valid yet or not; it stays safe until whoever asked
   * for the fetch has done with its result. E.g. the `add` of a `TempRootLease`.
   */
  keep(path: StorePath): Promise<void>;
  /** When content of a path was first seen, in milliseconds: see `ServerRepository.firstSeen`. */
  firstSeen(uri: string, sha256: string): Promise<number>;
  readonly now: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A fetch that takes longer fails. Default 600 seconds. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How an input is handed to Nix, exactly as hydra.md §2.3 says. */
export type ResolvedValue =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** A Nix expression, passed on as it is. */
  | { readonly kind: 'nix'; readonly expression: string }
  /**
   * A store path with what is known of it (`uri`, `rev`, `revCount`, `gitTag`, `shortRev`, `version`, `outputName`);
   * numbers and strings are told apart, as Nix sees the difference.
   */
  | {
      readonly kind: 'path';
      readonly storePath: StorePath;
      readonly attributes: Readonly<Record<string, string | number>>;
      /** A build's derivation, so that what uses it depends on it. */
      readonly drvPath?: StorePath;
    }
  /** `eval`: succeeded builds by job name; dots in names nest. */
  | { readonly kind: 'builds'; readonly outputs: Readonly<Record<string, StorePath>> }
  /** A build that does not exist yet: the argument is left out. */
  | { readonly kind: 'absent' };

export interface ResolvedInput {
  readonly name: string;
  readonly type: string;
  readonly value: ResolvedValue;
  /** Where it came from, never with a password: what was written as `https://user:password@host/` has lost both. */
  readonly uri: string | null;
  readonly revision: string | null;
  /** Base 16, of the store path's NAR. */
  readonly sha256: string | null;
  /** The build it came from. */
  readonly dependency: number | null;
}

export interface InputPlugin {
  readonly type: string;
  /** For people, in lists of types. */
  readonly title: string;
  /** What is wrong with a value, in a sentence that says what is wanted; `undefined` when it is right. Asks nothing. */
  check(value: string): string | undefined;
  /** Why it cannot be used on this machine (a program is missing); `undefined` when it can. */
  unavailable?(deps: Pick<InputDeps, 'env'>): Promise<string | undefined>;
  /** Throws `input.invalid`, `input.fetch`, `interrupted`. */
  fetch(spec: InputSpec, deps: InputDeps): Promise<ResolvedInput>;
}
