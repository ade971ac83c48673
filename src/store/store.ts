/**
 * A Nix store that can be talked to: the local one, or that of another machine. The contract of the whole room;
 * `open-store.ts` makes one, over a pool of worker-protocol connections.
 */

import type { BasicDerivation } from '../nix/derivation.ts';
import type { StorePath } from '../nix/store-path.ts';

/** What the store knows of a valid path. */
export interface PathInfo {
  readonly path: StorePath;
  readonly deriver: StorePath | undefined;
  /** sha256 of the NAR, base 16, no prefix. */
  readonly narHash: string;
  /** Bytes of the NAR. */
  readonly narSize: number;
  /** Sorted; the path itself when it refers to itself. */
  readonly references: readonly StorePath[];
  /** Seconds since 1970. */
  readonly registrationTime: number;
  /** Built on that machine, so trusted there without a signature. */
  readonly ultimate: boolean;
  /** `name:base64`. */
  readonly signatures: readonly string[];
  /** Content address such as `fixed:r:sha256:…`, `''` when input-addressed. */
  readonly contentAddress: string;
}

/** `x.drv` with the outputs wanted of it ('*' for all), or a plain path. */
export type BuildTarget =
  | { readonly drvPath: StorePath; readonly outputs: readonly string[] | '*' }
  | { readonly path: StorePath };

export interface Missing {
  readonly willBuild: readonly StorePath[];
  readonly willSubstitute: readonly StorePath[];
  readonly unknown: readonly StorePath[];
  readonly downloadSize: number;
  readonly narSize: number;
}

/** Nix's BuildResult statuses by name (worker protocol numbers 0 to 14). */
export type BuildStatus =
  | 'built'
  | 'substituted'
  | 'already-valid'
  | 'permanent-failure'
  | 'input-rejected'
  | 'output-rejected'
  | 'transient-failure'
  | 'cached-failure'
  | 'timed-out'
  | 'misc-failure'
  | 'dependency-failed'
  | 'log-limit-exceeded'
  | 'not-deterministic'
  | 'resolves-to-already-valid'
  | 'no-substituters';

export interface BuildResult {
  readonly status: BuildStatus;
  /** Without colours; `''` on success. */
  readonly errorMessage: string;
  /** Seconds since 1970; 0 where the daemon does not say. */
  readonly startTime: number;
  readonly stopTime: number;
  /** Paths by output name where the daemon says (protocol 1.28 and content-addressed). */
  readonly builtOutputs: ReadonlyMap<string, StorePath>;
}

/** What a daemon tells while it works. Activity ids exceed 2^53: they are decimal strings. */
export type StoreLog =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'activity-started';
      readonly id: string;
      readonly activity: number;
      readonly level: number;
      readonly text: string;
      readonly fields: readonly (string | number)[];
      readonly parent: string;
    }
  | { readonly type: 'activity-stopped'; readonly id: string }
  | { readonly type: 'build-log-line'; readonly id: string; readonly line: string }
  | { readonly type: 'phase'; readonly id: string; readonly phase: string }
  | {
      readonly type: 'progress';
      readonly id: string;
      readonly done: number;
      readonly expected: number;
      readonly running: number;
      readonly failed: number;
    }
  | {
      readonly type: 'result';
      readonly id: string;
      readonly result: number;
      readonly fields: readonly (string | number)[];
    };

/** What every call takes: a signal that ends it (by closing its connection), and where its log goes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onLog?: ((log: StoreLog) => void) | undefined;
}

/** Options of a build, given to the daemon for that connection. Times in seconds; 0 or absent: no limit. */
export interface BuildOptions extends CallOptions {
  readonly mode?: 'normal' | 'repair' | 'check';
  readonly maxSilentSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly maxLogBytes?: number;
  readonly keepGoing?: boolean;
  /** Further Nix settings by name, e.g. `extra-platforms`. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * `buildPathsWithResults` only: nothing is said of how to build but the mode, and the settings of that machine hold,
   * for jobs and cores as well, which every other call says.
   */
  readonly asConfigured?: boolean;
}

/** One path on its way into a store. `nar` is read once, exactly `info.narSize` bytes. */
export interface IncomingPath {
  readonly info: PathInfo;
  nar(): AsyncIterable<Uint8Array>;
}

/** Content whose path the store computes. */
export interface NewContent {
  readonly name: string;
  readonly method: 'text' | 'flat' | 'nar';
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  readonly references: readonly StorePath[];
}

export interface AddOptions extends CallOptions {
  /** Accept without a trusted signature; only a trusted user may. */
  readonly withoutSignatureCheck?: boolean;
  readonly repair?: boolean;
}

export interface GcResult {
  readonly paths: readonly string[];
  readonly bytesFreed: number;
}

/** See `Store.addPacked`. */
export type AddPacked = (
  count: number,
  packed: AsyncIterable<Uint8Array>,
  options?: CallOptions,
) => Promise<boolean>;

/**
 * A store. Every call borrows a connection from the pool and gives it back; when the signal fires the connection is
 * closed, which is what makes the daemon stop. Errors: `store.unreachable`, `store.protocol`, `store.refused` (the
 * daemon's own error text), `interrupted`.
 */
export interface Store extends AsyncDisposable {
  /** For people: `local` or the URI it was opened with, never with a key in it. */
  readonly name: string;
  /** What the handshake said. */
  readonly nixVersion: string;
  readonly protocol: { readonly major: number; readonly minor: number };
  readonly trusted: boolean | undefined;
  /** The folder where its files can be read directly, without asking a daemon; undefined for other machines' stores. */
  readonly filesAt?: string | undefined;

  isValidPath(path: StorePath, options?: CallOptions): Promise<boolean>;
  queryPathInfo(path: StorePath, options?: CallOptions): Promise<PathInfo | undefined>;
  /** Many at once, pipelined on one connection; invalid paths are left out. */
  queryPathInfos(paths: readonly StorePath[], options?: CallOptions): Promise<Map<StorePath, PathInfo>>;
  /** Which of them are valid; with `substitute` the store first fetches what its substituters have. */
  queryValidPaths(
    paths: readonly StorePath[],
    options?: CallOptions & { readonly substitute?: boolean },
  ): Promise<Set<StorePath>>;
  queryAllValidPaths(options?: CallOptions): Promise<Set<StorePath>>;
  queryPathFromHashPart(hashPart: string, options?: CallOptions): Promise<StorePath | undefined>;
  queryReferrers(path: StorePath, options?: CallOptions): Promise<Set<StorePath>>;
  queryMissing(targets: readonly BuildTarget[], options?: CallOptions): Promise<Missing>;
  queryDerivationOutputMap(
    drvPath: StorePath,
    options?: CallOptions,
  ): Promise<Map<string, StorePath | undefined>>;

  buildDerivation(drvPath: StorePath, drv: BasicDerivation, options?: BuildOptions): Promise<BuildResult>;
  /** By target, in the order asked; a target the daemon left out is `dependency-failed` with an empty message. */
  buildPathsWithResults(
    targets: readonly BuildTarget[],
    options?: BuildOptions,
  ): Promise<readonly { readonly target: BuildTarget; readonly result: BuildResult }[]>;
  /** Substitutes the path if it is not valid. */
  ensurePath(path: StorePath, options?: CallOptions): Promise<void>;

  /** The NAR of a valid path, exactly `info.narSize` bytes, with back-pressure. */
  narFromPath(info: PathInfo, options?: CallOptions): AsyncIterable<Uint8Array>;
  addToStoreNar(path: IncomingPath, options?: AddOptions): Promise<void>;
  /** One stream; references must come before what refers to them. */
  addMultipleToStore(paths: readonly IncomingPath[], options?: AddOptions): Promise<void>;
  /**
   * Adds `count` paths from frames of Zstandard that were made once for many stores: see `packed-import.ts`. False when that
   * machine cannot unpack them, and then nothing was added. Undefined where packing would make no sense.
   */
  addPacked?: AddPacked | undefined;
  /**
   * Adds content under its content address and says its path: `text` (a `.drv`, a config), `flat` (one file as it
   * is) or `nar` (any tree, as a NAR).
   */
  addToStore(content: NewContent, options?: CallOptions & { readonly repair?: boolean }): Promise<StorePath>;
  addSignatures(path: StorePath, signatures: readonly string[], options?: CallOptions): Promise<void>;

  /** Keeps paths from the garbage collector until the returned lease is disposed. */
  leaseTempRoots(paths: readonly StorePath[], options?: CallOptions): Promise<TempRootLease>;
  addIndirectRoot(link: string, options?: CallOptions): Promise<void>;
  addPermRoot(path: StorePath, link: string, options?: CallOptions): Promise<string>;
  collectGarbage(
    request:
      | { readonly action: 'return-live' | 'return-dead' | 'delete-dead'; readonly maxFreed?: number }
      | { readonly action: 'delete-specific'; readonly paths: readonly StorePath[] },
    options?: CallOptions,
  ): Promise<GcResult>;
}

export interface TempRootLease extends AsyncDisposable {
  /** May be called while an earlier call goes on. */
  add(paths: readonly StorePath[]): Promise<void>;
}
