/**
 * The database as the rest of Proteus sees it: the contract of the room. `open-database.ts` opens one, on SQLite or
 * PostgreSQL; both do exactly the same, and one test suite runs over both.
 *
 * One repository per aggregate. What must happen together is one method here or one `transaction` of the caller.
 * A connection that breaks is an AppError `db.unreachable`, which may be tried again; nothing of the transaction
 * it broke has happened, unless what got lost was the answer to its commit.
 */

import type { BuildStatus, StepPhaseNumber } from './build-status.ts';
import type {
  CacheExtraRepository,
  CachePathRepository,
  CacheRepository,
  CacheTokenRepository,
  CacheUploadRepository,
  StoredNarRepository,
} from './cache-database.ts';
import type {
  BuildRecord,
  EvaluationCounts,
  EvaluationRecord,
  JobErrorRecord,
  JobsetRecord,
  JobsetSettings,
  MetricRecord,
  NewBuild,
  ProductRecord,
  ProjectRecord,
  StepRecord,
  TokenRecord,
  UserRecord,
} from './records.ts';
import type { HostRepository, RolloutRepository } from './rollout-database.ts';

export interface Repositories {
  readonly projects: ProjectRepository;
  readonly jobsets: JobsetRepository;
  readonly evaluations: EvaluationRepository;
  readonly builds: BuildRepository;
  readonly steps: StepRepository;
  readonly users: UserRepository;
  readonly failures: FailureRepository;
  readonly server: ServerRepository;
  readonly storedNars: StoredNarRepository;
  readonly caches: CacheRepository;
  readonly cachePaths: CachePathRepository;
  readonly cacheTokens: CacheTokenRepository;
  readonly cacheUploads: CacheUploadRepository;
  readonly cacheExtras: CacheExtraRepository;
  readonly rollouts: RolloutRepository;
  readonly hosts: HostRepository;
}

export interface Database extends Repositories, AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgres';
  /**
   * All of `work` or nothing. Keep it short, and never wait in it for anything but the database: through `tx`, for on
   * SQLite the database itself waits until the transaction has ended.
   */
  transaction<T>(work: (tx: Repositories) => Promise<T>): Promise<T>;
}

export interface ProjectRepository {
  list(): Promise<readonly ProjectRecord[]>;
  find(name: string): Promise<ProjectRecord | undefined>;
  create(project: Omit<ProjectRecord, 'id'>): Promise<ProjectRecord>;
  update(id: number, project: Omit<ProjectRecord, 'id'>): Promise<void>;
  /** With all its jobsets, evaluations and builds. */
  delete(id: number): Promise<void>;
  members(id: number): Promise<readonly string[]>;
  setMembers(id: number, users: readonly string[]): Promise<void>;
}

export interface JobsetRepository {
  /** Of one project, or of all. */
  list(projectId?: number): Promise<readonly JobsetRecord[]>;
  find(project: string, name: string): Promise<JobsetRecord | undefined>;
  get(id: number): Promise<JobsetRecord | undefined>;
  /** The name that an old name stands for since a rename. */
  renamedTo(project: string, oldName: string): Promise<string | undefined>;
  create(projectId: number, settings: JobsetSettings): Promise<JobsetRecord>;
  /** Replaces all settings and inputs; another name leaves a redirect from the old one. */
  update(id: number, settings: JobsetSettings): Promise<void>;
  delete(id: number): Promise<void>;
  /** Keeps an earlier trigger that has not been taken. */
  trigger(id: number, at: number, options?: { readonly force?: boolean }): Promise<void>;
  /** An evaluation begins: `startedAt` is set, and cleared by `checked`. */
  markStarted(id: number, at: number): Promise<void>;
  /**
   * An evaluation ended: the trigger is cleared when it is not newer than the evaluation's start, `state` one-shot
   * becomes disabled when asked.
   */
  checked(
    id: number,
    outcome: {
      readonly at: number;
      readonly errorMessage?: string | null;
      readonly fetchErrorMessage?: string | null;
      readonly completed: boolean;
    },
  ): Promise<void>;
  /** Of its last evaluation, found out after that has ended. */
  setError(id: number, errorMessage: string | null, at: number): Promise<void>;
  /** For each jobset: how its current builds stand. Of one project, or of all. */
  counts(projectId?: number): Promise<ReadonlyMap<number, EvaluationCounts>>;
}

/** What became of a job that was added to an evaluation. */
export interface AddedJob {
  readonly job: string;
  readonly buildId: number;
  /** Made by this evaluation. */
  readonly isNew: boolean;
  readonly finished: boolean;
  /** A build of before that has another derivation now, and is queued (again). */
  readonly repointed: boolean;
}

export interface EvaluationEnd {
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly at: number;
  readonly evaluationMs: number;
  readonly errorMessage: string | null;
}

export interface EvaluationRepository {
  get(id: number): Promise<EvaluationRecord | undefined>;
  /** The newest of any state but `evaluating`, for the unchanged check. */
  latest(jobsetId: number): Promise<EvaluationRecord | undefined>;
  /** The newest with builds, before the given one when that is said. */
  latestWithBuilds(jobsetId: number, before?: number): Promise<EvaluationRecord | undefined>;
  /** The newest with builds of which none is unfinished. */
  latestFinished(jobsetId: number): Promise<EvaluationRecord | undefined>;
  /** Those that `hasNewBuilds`, newest first. */
  page(
    filter: { readonly jobsetId?: number; readonly project?: string },
    range: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly rows: readonly EvaluationRecord[]; readonly total: number }>;
  /** Row of an evaluation that begins. */
  begin(
    evaluation: Pick<
      EvaluationRecord,
      | 'jobsetId'
      | 'startedAt'
      | 'checkoutMs'
      | 'inputHash'
      | 'flake'
      | 'nixExprInput'
      | 'nixExprPath'
      | 'inputs'
    >,
  ): Promise<number>;
  /**
   * Adds jobs as they are known, in one transaction, and says the build of each: one of the previous evaluation with
   * the same job and first output path (or the same drvPath where that is not known) is taken over as it is; the
   * same output from another derivation re-queues that build with the new one (hydra.md §2.7); else it is new.
   */
  addJobs(evaluationId: number, jobs: readonly NewBuild[], at: number): Promise<readonly AddedJob[]>;
  /** Aggregates by build, with the builds of their constituents. */
  addConstituents(aggregateBuildId: number, constituentBuildIds: readonly number[]): Promise<void>;
  addErrors(evaluationId: number, errors: readonly JobErrorRecord[]): Promise<void>;
  errors(evaluationId: number): Promise<readonly JobErrorRecord[]>;
  /**
   * Ends it: `done` makes its builds the current ones of the jobset, and sets hasNewBuilds when a build is new or their
   * number differs from the previous evaluation's; else it becomes `unchanged`.
   */
  finish(evaluationId: number, end: EvaluationEnd): Promise<EvaluationRecord>;
  /** What a network jobset's evaluation says about its hosts (JSON), for rollouts. */
  setNetwork(evaluationId: number, network: string): Promise<void>;
  network(evaluationId: number): Promise<string | undefined>;
  /** Those left `evaluating` by a server that died become `failed` with this text; says how many. */
  abandonUnfinished(at: number, errorMessage: string): Promise<number>;
  counts(ids: readonly number[]): Promise<ReadonlyMap<number, EvaluationCounts>>;
  buildIds(id: number): Promise<readonly number[]>;
  /** The builds of an evaluation. */
  builds(id: number): Promise<readonly BuildRecord[]>;
  /** Store paths of succeeded builds that have a `nix-build` product, sorted, each once. */
  storePaths(id: number): Promise<readonly string[]>;
  findJob(id: number, job: string): Promise<BuildRecord | undefined>;
}

/** Narrows lists of builds; all that is given must hold. */
export interface BuildFilter {
  readonly project?: string;
  readonly jobset?: string;
  readonly job?: string;
  readonly system?: string;
}

/** What the scheduler needs of an unfinished build. */
export interface QueuedBuild {
  readonly id: number;
  readonly jobsetId: number;
  readonly drvPath: string;
  readonly priority: number;
  readonly globalPriority: number;
  readonly maxSilent: number | null;
  readonly timeout: number | null;
}

export interface BuildEnd {
  readonly status: BuildStatus;
  readonly startedAt: number;
  readonly stoppedAt: number;
  readonly isCached: boolean;
  readonly errorMessage?: string | null;
  /** The paths of outputs that were not known before. */
  readonly outputs?: Readonly<Record<string, string>>;
  readonly size?: number | null;
  readonly closureSize?: number | null;
  readonly releaseName?: string | null;
  readonly products?: readonly ProductRecord[];
  readonly metrics?: readonly MetricRecord[];
}

/** What belongs to a build besides its row. */
export interface BuildDetails {
  /** Ids of the evaluations that it is a member of, ascending. */
  readonly evaluations: readonly number[];
  readonly products: readonly ProductRecord[];
  readonly metrics: readonly MetricRecord[];
}

export interface BuildRepository {
  get(id: number): Promise<BuildRecord | undefined>;
  getMany(ids: readonly number[]): Promise<readonly BuildRecord[]>;
  /** Every unfinished build, those to be built first first. Streams, since there may be many. */
  queued(): AsyncIterable<QueuedBuild>;
  /** `queued` of these ids only. */
  queuedOf(ids: readonly number[]): Promise<readonly QueuedBuild[]>;
  countUnfinished(): Promise<number>;
  /** Unfinished, by priority then id. */
  queue(limit: number): Promise<readonly BuildRecord[]>;
  /** Those with a running step. */
  running(): Promise<readonly BuildRecord[]>;
  /** Finished ones, newest first. */
  latest(filter: BuildFilter, limit: number): Promise<readonly BuildRecord[]>;
  /** Builds per period by the time they were queued, newest first; empty periods are left out. */
  countsPer(
    period: 'hour' | 'day',
    filter: BuildFilter,
    limit: number,
  ): Promise<readonly { readonly startAt: number; readonly count: number }[]>;
  /** Finished ones newest first, with the total, for pages. */
  page(
    filter: BuildFilter,
    range: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly rows: readonly BuildRecord[]; readonly total: number }>;
  /** The newest that succeeded (status 0). */
  latestSucceeded(filter: BuildFilter): Promise<BuildRecord | undefined>;
  /** The newest that succeeded and whose evaluation has no unfinished build. */
  latestOfFinishedEvaluation(filter: BuildFilter): Promise<BuildRecord | undefined>;
  evaluationsOf(id: number): Promise<readonly number[]>;
  constituents(id: number): Promise<readonly BuildRecord[]>;
  /** Aggregates it is a constituent of. */
  aggregatesOf(id: number): Promise<readonly BuildRecord[]>;
  products(id: number): Promise<readonly ProductRecord[]>;
  metrics(id: number): Promise<readonly MetricRecord[]>;
  /** Of all these builds at once. */
  details(ids: readonly number[]): Promise<ReadonlyMap<number, BuildDetails>>;
  /** A metric of the newest builds of a job, oldest first. */
  metricHistory(
    filter: Required<Pick<BuildFilter, 'project' | 'jobset' | 'job'>>,
    name: string,
    limit: number,
  ): Promise<
    readonly {
      readonly buildId: number;
      readonly queuedAt: number;
      readonly value: number;
      readonly unit: string | null;
    }[]
  >;
  byOutputPath(path: string, limit: number): Promise<readonly BuildRecord[]>;
  byDrvPath(path: string, limit: number): Promise<readonly BuildRecord[]>;
  /** Jobs whose name contains the text. */
  searchJobs(text: string, limit: number): Promise<readonly BuildRecord[]>;

  markStarted(id: number, at: number): Promise<void>;
  /** One transaction: the row, outputs, products, metrics. Says false when it was finished already (cancelled). */
  finish(id: number, end: BuildEnd): Promise<boolean>;
  /** Those of them that are unfinished become cancelled; says which. */
  cancel(ids: readonly number[], at: number): Promise<readonly number[]>;
  /** Those of them that are finished are queued again, with failures known of their outputs forgotten; says which. */
  restart(ids: readonly number[]): Promise<readonly number[]>;
  bump(ids: readonly number[], globalPriority: number): Promise<readonly number[]>;
  setKeep(id: number, keep: boolean): Promise<void>;
  /** Unfinished builds that are in no jobset's latest evaluation. */
  nonCurrentUnfinished(): Promise<readonly number[]>;
  /** Unfinished or finished builds of an evaluation whose status is one of these (null: unfinished). */
  idsOfEvaluation(
    evaluationId: number,
    statuses: readonly (BuildStatus | null)[],
  ): Promise<readonly number[]>;
  /** What must not be garbage-collected: see `RetainedPath`. */
  retained(now: number): AsyncIterable<RetainedPath>;
}

/** A path that the database wants kept, and why. Where several reasons hold, each is told. */
export interface RetainedPath {
  readonly path: string;
  /** Null: it is known by something else than a build. */
  readonly buildId: number | null;
  readonly reason:
    | { readonly type: 'unfinished' }
    | { readonly type: 'pinned' }
    | { readonly type: 'kept-evaluation'; readonly evaluationId: number }
    | { readonly type: 'latest-good'; readonly job: string }
    /** What it runs, and what it can go back to. */
    | { readonly type: 'host'; readonly project: string; readonly host: string }
    /** Of one that has not ended: what it brings, and what it goes back to. */
    | { readonly type: 'rollout'; readonly rollout: string };
}

export interface StepRepository {
  /** Takes the next number within the build. */
  begin(
    step: Omit<StepRecord, 'number' | 'stoppedAt' | 'status' | 'errorMessage' | 'resolvedDrvPath'>,
  ): Promise<number>;
  setPhase(buildId: number, number: number, phase: StepPhaseNumber): Promise<void>;
  end(
    buildId: number,
    number: number,
    end: Pick<StepRecord, 'status' | 'errorMessage' | 'stoppedAt'> &
      Partial<Pick<StepRecord, 'outputs' | 'resolvedDrvPath' | 'logFile' | 'builder' | 'emulated'>>,
  ): Promise<void>;
  of(buildId: number): Promise<readonly StepRecord[]>;
  get(buildId: number, number: number): Promise<StepRecord | undefined>;
  running(): Promise<readonly StepRecord[]>;
  /** Ended ones newest first, for pages. */
  page(range: { readonly offset: number; readonly limit: number }): Promise<readonly StepRecord[]>;
  /** The attempts at a derivation, newest first; the log of the newest is what `/log/DRV` shows. */
  attempts(drvPath: string): Promise<readonly StepRecord[]>;
  /** Steps left running by a server that died end as aborted; says how many. */
  abandonRunning(at: number, errorMessage: string): Promise<number>;
  /** Seconds that each jobset's steps took since then, for the fair share. */
  secondsPerJobset(since: number): Promise<ReadonlyMap<number, number>>;
}

export interface UserRepository {
  list(): Promise<readonly UserRecord[]>;
  find(name: string): Promise<UserRecord | undefined>;
  /** Makes it or replaces it, roles included. */
  save(user: UserRecord): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  delete(name: string): Promise<void>;
  /** `hash`: sha256 of the secret, base 16; secrets themselves are never kept. */
  createSession(hash: string, user: string, expiresAt: number): Promise<void>;
  /** The user of a session or token that has not expired. */
  userOfSession(hash: string, now: number): Promise<UserRecord | undefined>;
  deleteSession(hash: string): Promise<void>;
  /** All of a user: for when the password is another. */
  deleteSessions(user: string): Promise<void>;
  createToken(
    token: Omit<TokenRecord, 'id' | 'lastUsedAt'> & { readonly hash: string },
  ): Promise<TokenRecord>;
  /** Marks it used, at most once a minute. */
  userOfToken(hash: string, now: number): Promise<UserRecord | undefined>;
  tokens(user: string): Promise<readonly TokenRecord[]>;
  deleteToken(user: string, id: number): Promise<boolean>;
}

/** Derivations known to fail, so that no other build tries them again until the failure expires. */
export interface FailureRepository {
  find(
    keys: readonly string[],
    now: number,
  ): Promise<readonly { readonly key: string; readonly message: string }[]>;
  add(keys: readonly string[], message: string, expiresAt: number): Promise<void>;
  forget(keys: readonly string[]): Promise<void>;
  clear(): Promise<number>;
}

/** Odds and ends that outlive the server. */
export interface ServerRepository {
  /** The builders that are to take no more steps. */
  drainedBuilders(): Promise<ReadonlySet<string>>;
  setDrained(builder: string, drained: boolean, by: string, at: number): Promise<void>;
  /** When content of a path input was first seen: `YYYYmmddHHMMSS:<sha256>` revisions go back with the content. */
  firstSeen(uri: string, sha256: string, at: number): Promise<number>;
}
