/** A store behind a daemon: every call of the contract as one or more operations over pooled connections. */

import type { BasicDerivation } from '../nix/derivation.ts';
import type { StorePath } from '../nix/store-path.ts';
import { createSerialize } from '../util/serialize.ts';
import type { Connection } from './connection.ts';
import type { Greeting } from './handshake.ts';
import { addMultipleToStore, addSignatures, addToStore, addToStoreNar, safeImport } from './ops/add.ts';
import { buildDerivation, buildPathsWithResults, ensurePath } from './ops/build.ts';
import { printBuildTarget } from './ops/build-target.ts';
import { collectGarbage, type GcRequest } from './ops/gc.ts';
import { queryDerivationOutputMap, queryMissing } from './ops/missing.ts';
import { narFromPath } from './ops/nar-from-path.ts';
import { queryPathInfo } from './ops/path-info.ts';
import { addIndirectRoot, addPermRoot, addTempRoot } from './ops/roots.ts';
import {
  isValidPath,
  queryAllValidPaths,
  queryPathFromHashPart,
  queryReferrers,
  queryValidPaths,
} from './ops/validity.ts';
import { addPacked } from './packed-import.ts';
import { Pool } from './pool.ts';
import type { Request } from './request.ts';
import type {
  AddOptions,
  AddPacked,
  BuildOptions,
  BuildResult,
  BuildTarget,
  CallOptions,
  GcResult,
  IncomingPath,
  Missing,
  NewContent,
  PathInfo,
  Store,
  TempRootLease,
} from './store.ts';
import type { Transport } from './transport.ts';

export interface RemoteStoreOptions {
  readonly name: string;
  readonly maxConnections: number;
  readonly signal?: AbortSignal | undefined;
  /** Where the files of the store can be read without asking the daemon. */
  readonly filesAt?: string | undefined;
  connect(signal: AbortSignal | undefined, asConfigured?: boolean): Promise<Connection>;
  /** A connection through which packed requests go there; undefined where packing would make no sense. */
  connectPacked?: ((signal: AbortSignal | undefined) => Promise<Transport>) | undefined;
  /** What all connections hang on, to be closed after them. */
  readonly login?: AsyncDisposable | undefined;
}

/** What a target has that the daemon never came to. */
const leftOut: BuildResult = {
  status: 'dependency-failed',
  errorMessage: '',
  startTime: 0,
  stopTime: 0,
  builtOutputs: new Map(),
};

export class RemoteStore implements Store {
  readonly name: string;
  readonly filesAt: string | undefined;
  readonly #greeting: Greeting;
  /**
   * Three kinds of work never wait for one another: questions for builds that take hours, and an import that is under
   * way for the connection that its content is read from.
   */
  readonly #questions: Pool;
  readonly #work: Pool;
  readonly #sources: Pool;
  /** For builds of which nothing is said that the other side does not say itself. */
  readonly #asConfigured: Pool;
  readonly #login: AsyncDisposable | undefined;
  readonly addPacked: AddPacked | undefined;

  private constructor(options: RemoteStoreOptions, questions: Pool, greeting: Greeting) {
    this.name = options.name;
    this.filesAt = options.filesAt;
    this.#greeting = greeting;
    this.#questions = questions;
    this.#work = newPool(options);
    this.#sources = newPool(options);
    this.#asConfigured = newPool({ ...options, connect: (signal) => options.connect(signal, true) });
    this.#login = options.login;
    const { connectPacked } = options;
    if (connectPacked !== undefined) {
      this.addPacked = async (count, packed, addOptions = {}) => {
        const transport = await connectPacked(addOptions.signal);
        return addPacked(transport, { name: this.name, count, packed, ...addOptions });
      };
    }
  }

  static async open(options: RemoteStoreOptions): Promise<RemoteStore> {
    const questions = newPool(options);
    try {
      const greeting = await questions.use(async (connection) => connection.greeting, options.signal);
      return new RemoteStore(options, questions, greeting);
    } catch (error) {
      await options.login?.[Symbol.asyncDispose]();
      throw error;
    }
  }

  get nixVersion(): string {
    return this.#greeting.nixVersion;
  }

  get protocol(): Greeting['protocol'] {
    return this.#greeting.protocol;
  }

  get trusted(): boolean | undefined {
    return this.#greeting.trusted;
  }

  isValidPath(path: StorePath, options?: CallOptions): Promise<boolean> {
    return this.#ask(isValidPath(path), options);
  }

  queryPathInfo(path: StorePath, options?: CallOptions): Promise<PathInfo | undefined> {
    return this.#ask(queryPathInfo(path), options);
  }

  async queryPathInfos(
    paths: readonly StorePath[],
    options?: CallOptions,
  ): Promise<Map<StorePath, PathInfo>> {
    const unique = [...new Set(paths)];
    const infos = await this.#questions.use(
      (connection) => connection.pipeline(unique.map(queryPathInfo), options),
      options?.signal,
    );
    return new Map(infos.flatMap((info) => (info === undefined ? [] : [[info.path, info] as const])));
  }

  async queryValidPaths(
    paths: readonly StorePath[],
    options: CallOptions & { readonly substitute?: boolean } = {},
  ): Promise<Set<StorePath>> {
    if (paths.length === 0) return new Set();
    const request = queryValidPaths(paths, options.substitute ?? false);
    return options.substitute ? this.#do(request, options) : this.#ask(request, options);
  }

  queryAllValidPaths(options?: CallOptions): Promise<Set<StorePath>> {
    return this.#ask(queryAllValidPaths(), options);
  }

  queryPathFromHashPart(hashPart: string, options?: CallOptions): Promise<StorePath | undefined> {
    return this.#ask(queryPathFromHashPart(hashPart), options);
  }

  queryReferrers(path: StorePath, options?: CallOptions): Promise<Set<StorePath>> {
    return this.#ask(queryReferrers(path), options);
  }

  queryMissing(targets: readonly BuildTarget[], options?: CallOptions): Promise<Missing> {
    return this.#ask(queryMissing(targets), options);
  }

  queryDerivationOutputMap(
    drvPath: StorePath,
    options?: CallOptions,
  ): Promise<Map<string, StorePath | undefined>> {
    return this.#ask(queryDerivationOutputMap(drvPath), options);
  }

  buildDerivation(drvPath: StorePath, drv: BasicDerivation, options?: BuildOptions): Promise<BuildResult> {
    return this.#do(buildDerivation(drvPath, drv, options?.mode), options);
  }

  async buildPathsWithResults(
    targets: readonly BuildTarget[],
    options?: BuildOptions,
  ): Promise<readonly { readonly target: BuildTarget; readonly result: BuildResult }[]> {
    const request = buildPathsWithResults(targets, options?.mode);
    const pool = options?.asConfigured ? this.#asConfigured : this.#work;
    const results = await pool.use((connection) => connection.call(request, options), options?.signal);
    return targets.map((target) => {
      const text = printBuildTarget(target);
      // Targets of one derivation can come back as one.
      const same = (): BuildResult | undefined =>
        results.entries().find(([other]) => other.split('!')[0] === text.split('!')[0])?.[1];
      return { target, result: results.get(text) ?? same() ?? leftOut };
    });
  }

  ensurePath(path: StorePath, options?: CallOptions): Promise<void> {
    return this.#do(ensurePath(path), options);
  }

  narFromPath(info: PathInfo, options?: CallOptions): AsyncIterable<Uint8Array> {
    return this.#sources.stream(
      (connection) => connection.stream(narFromPath(info), options),
      options?.signal,
    );
  }

  addToStoreNar(path: IncomingPath, options: AddOptions = {}): Promise<void> {
    return this.#do(addToStoreNar(path, options), options);
  }

  async addMultipleToStore(paths: readonly IncomingPath[], options: AddOptions = {}): Promise<void> {
    if (paths.length === 0) return;
    if (this.protocol.minor >= safeImport) return this.#do(addMultipleToStore(paths, options), options);
    const requests = paths.map((path) =>
      addToStoreNar({ info: { ...path.info, ultimate: false }, nar: () => path.nar() }, options),
    );
    await this.#work.use((connection) => connection.pipeline(requests, options), options.signal);
  }

  addToStore(
    content: NewContent,
    options: CallOptions & { readonly repair?: boolean } = {},
  ): Promise<StorePath> {
    return this.#do(addToStore(content, options.repair ?? false), options);
  }

  addSignatures(path: StorePath, signatures: readonly string[], options?: CallOptions): Promise<void> {
    return this.#ask(addSignatures(path, signatures), options);
  }

  async leaseTempRoots(paths: readonly StorePath[], options?: CallOptions): Promise<TempRootLease> {
    const connection = await this.#questions.lease(options?.signal);
    // Whoever shares a lease adds to it whenever they like, and a connection does one thing at a time.
    const serialize = createSerialize();
    const lease: TempRootLease = {
      add: (more) =>
        serialize(async () => {
          await connection.pipeline(more.map(addTempRoot));
        }),
      [Symbol.asyncDispose]: () => this.#questions.endLease(connection),
    };
    try {
      await connection.pipeline(paths.map(addTempRoot), options);
    } catch (error) {
      await lease[Symbol.asyncDispose]();
      throw error;
    }
    return lease;
  }

  addIndirectRoot(link: string, options?: CallOptions): Promise<void> {
    return this.#ask(addIndirectRoot(link), options);
  }

  addPermRoot(path: StorePath, link: string, options?: CallOptions): Promise<string> {
    return this.#ask(addPermRoot(path, link), options);
  }

  collectGarbage(request: GcRequest, options?: CallOptions): Promise<GcResult> {
    return this.#do(collectGarbage(request), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [this.#questions, this.#work, this.#sources, this.#asConfigured].map((pool) =>
        pool[Symbol.asyncDispose](),
      ),
    );
    await this.#login?.[Symbol.asyncDispose]();
  }

  #ask<T>(request: Request<T>, options?: CallOptions): Promise<T> {
    return this.#questions.use((connection) => connection.call(request, options), options?.signal);
  }

  #do<T>(request: Request<T>, options?: BuildOptions): Promise<T> {
    return this.#work.use((connection) => connection.call(request, options), options?.signal);
  }
}

function newPool(options: RemoteStoreOptions): Pool {
  return new Pool({
    name: options.name,
    max: options.maxConnections,
    open: (signal) => options.connect(signal),
  });
}
