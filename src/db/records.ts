/**
 * The rows of the database as the rest of Proteus sees them: plain, readonly, in our words. Times are milliseconds
 * since 1970 and end in `At`; the API says seconds where Hydra does. `null` is what the database has no value for.
 */

import type { BuildStatus, StepPhaseNumber } from './build-status.ts';

export interface ProjectRecord {
  readonly id: number;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly homepage: string;
  readonly owner: string;
  readonly enabled: boolean;
  readonly hidden: boolean;
  readonly enableDynamicRunCommand: boolean;
  /** Where the jobsets come from, when they are not made by hand. */
  readonly declarative: { readonly file: string; readonly type: string; readonly value: string } | null;
}

/** Hydra's 0, 1, and our own 2. */
export const jobsetType = { legacy: 0, flake: 1, network: 2 } as const;
export type JobsetType = (typeof jobsetType)[keyof typeof jobsetType];

/** Hydra's numbers: one-shot turns itself off after an evaluation, one-at-a-time waits for the last one's builds. */
export const jobsetState = { disabled: 0, enabled: 1, oneShot: 2, oneAtATime: 3 } as const;
export type JobsetState = (typeof jobsetState)[keyof typeof jobsetState];

export interface JobsetInputRecord {
  readonly name: string;
  /** A folder of `src/inputs`: git, path, string … */
  readonly type: string;
  readonly value: string;
  readonly emailResponsible: boolean;
}

/** What a person says of a jobset. */
export interface JobsetSettings {
  readonly name: string;
  readonly description: string;
  readonly type: JobsetType;
  /** Legacy: the input that holds the expression, and its path there; network: the same for the network file. */
  readonly nixExprInput: string | null;
  readonly nixExprPath: string | null;
  readonly flake: string | null;
  readonly state: JobsetState;
  readonly hidden: boolean;
  readonly enableEmail: boolean;
  readonly emailOverride: string;
  /** Finished evaluations whose builds are kept. */
  readonly keepEvaluations: number;
  /** Seconds; 0: never by itself. */
  readonly checkInterval: number;
  readonly schedulingShares: number;
  readonly allowImportFromDerivation: boolean;
  readonly enableDynamicRunCommand: boolean;
  readonly inputs: readonly JobsetInputRecord[];
}

export interface JobsetRecord extends JobsetSettings {
  readonly id: number;
  readonly projectId: number;
  readonly project: string;
  /** Somebody asked for an evaluation then, and none has begun since. */
  readonly triggeredAt: number | null;
  /** That evaluation makes an evaluation even when the inputs are unchanged. */
  readonly forceEvaluation: boolean;
  /** An evaluation is under way since then. */
  readonly startedAt: number | null;
  readonly lastCheckedAt: number | null;
  /** Of the last evaluation: the whole text. */
  readonly errorMessage: string | null;
  readonly errorAt: number | null;
  readonly fetchErrorMessage: string | null;
}

/** An input as it was for one evaluation. */
export interface EvaluationInputRecord {
  readonly name: string;
  readonly type: string;
  readonly uri: string | null;
  readonly revision: string | null;
  readonly value: string | null;
  /** The build it came from. */
  readonly dependency: number | null;
  readonly path: string | null;
  readonly sha256: string | null;
}

/** `evaluating` goes to one of the others; `unchanged` has no builds of its own. */
export type EvaluationState = 'evaluating' | 'done' | 'unchanged' | 'failed' | 'cancelled';

export interface EvaluationRecord {
  readonly id: number;
  readonly jobsetId: number;
  readonly project: string;
  readonly jobset: string;
  readonly state: EvaluationState;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** Milliseconds for fetching, and for evaluating. */
  readonly checkoutMs: number;
  readonly evaluationMs: number;
  /** Hydra's `hasnewbuilds`: it changed something, so lists show it. */
  readonly hasNewBuilds: boolean;
  /** Of everything that went in; equal means unchanged. */
  readonly inputHash: string;
  readonly errorMessage: string | null;
  readonly flake: string | null;
  readonly nixExprInput: string | null;
  readonly nixExprPath: string | null;
  readonly inputs: readonly EvaluationInputRecord[];
}

export interface JobErrorRecord {
  readonly job: string;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly trace: string;
}

export interface EvaluationCounts {
  readonly total: number;
  readonly scheduled: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** What an evaluation says about a build. */
export interface NewBuild {
  readonly job: string;
  readonly nixName: string;
  readonly system: string;
  readonly drvPath: string;
  /** By output name; null for floating content-addressed outputs. */
  readonly outputs: Readonly<Record<string, string | null>>;
  readonly description: string | null;
  readonly license: string | null;
  readonly homepage: string | null;
  readonly maintainers: string | null;
  /** Seconds; null: the server's default. */
  readonly maxSilent: number | null;
  readonly timeout: number | null;
  readonly isChannel: boolean;
  readonly priority: number;
}

export interface BuildRecord extends NewBuild {
  readonly id: number;
  readonly jobsetId: number;
  readonly project: string;
  readonly jobset: string;
  readonly queuedAt: number;
  readonly startedAt: number | null;
  readonly stoppedAt: number | null;
  readonly finished: boolean;
  /** Null until finished. */
  readonly status: BuildStatus | null;
  /** Nothing had to be done. */
  readonly isCached: boolean;
  /** Member of its jobset's latest evaluation. */
  readonly isCurrent: boolean;
  /** Bumped builds come first: the time of the bump in seconds. */
  readonly globalPriority: number;
  readonly errorMessage: string | null;
  /** Bytes of the outputs' NARs, and of their closure. */
  readonly size: number | null;
  readonly closureSize: number | null;
  readonly releaseName: string | null;
  readonly keep: boolean;
}

export interface ProductRecord {
  /** From 1. */
  readonly number: number;
  readonly type: string;
  readonly subtype: string;
  readonly name: string;
  readonly path: string;
  readonly defaultPath: string;
  readonly fileSize: number | null;
  /** Base 16. */
  readonly sha256: string | null;
}

export interface MetricRecord {
  readonly name: string;
  readonly value: number;
  readonly unit: string | null;
}

export interface StepRecord {
  readonly buildId: number;
  /** From 1 within the build. */
  readonly number: number;
  readonly type: 'build' | 'substitution';
  readonly drvPath: string;
  readonly phase: StepPhaseNumber;
  /** Null until it ended. */
  readonly status: BuildStatus | null;
  readonly errorMessage: string | null;
  readonly startedAt: number | null;
  readonly stoppedAt: number | null;
  /** The builder's name, `''` before one was found. */
  readonly builder: string;
  readonly system: string;
  /** Run by an emulator. */
  readonly emulated: boolean;
  /** The build whose step this really is; null when it is this build's. */
  readonly propagatedFrom: number | null;
  readonly resolvedDrvPath: string | null;
  /** Relative to the log folder, without `.zst`; null when nothing was run. */
  readonly logFile: string | null;
  readonly outputs: Readonly<Record<string, string | null>>;
}

export interface UserRecord {
  readonly name: string;
  readonly fullName: string | null;
  readonly email: string;
  /** Argon2id in PHC form, or `!` for none. */
  readonly passwordHash: string;
  readonly emailOnError: boolean;
  readonly type: string;
  readonly publicDashboard: boolean;
  readonly roles: readonly string[];
}

export interface TokenRecord {
  readonly id: number;
  readonly user: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly expiresAt: number | null;
}
