/**
 * The one stream of what happens. Every stage tells what it does as plain data; the CLI's progress display,
 * `--json`, later the server's pages, notifiers and metrics all consume the same stream. Events never carry
 * secrets. All times are milliseconds.
 */

import type { StorePath } from '../nix/store-path.ts';

/** Where in the Nix sources an error is, when Nix says so. Lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/** An evaluation error of one job, its first `error:` block taken apart. */
export interface EvaluationError {
  /** One line where possible: what Nix says is wrong. */
  readonly message: string;
  readonly position?: SourcePosition;
  /** What Nix printed, without colours: the innermost frames, or all of them when the whole trace was asked for. */
  readonly trace: string;
}

export type EvaluationEvent =
  | { readonly type: 'evaluation.started'; readonly source: string; readonly jobs: readonly string[] }
  | { readonly type: 'evaluation.job.started'; readonly job: string }
  | { readonly type: 'evaluation.job.message'; readonly job: string; readonly text: string }
  | {
      readonly type: 'evaluation.job.done';
      readonly job: string;
      readonly drvPath: StorePath;
      readonly durationMs: number;
    }
  | { readonly type: 'evaluation.job.failed'; readonly job: string; readonly error: EvaluationError }
  | { readonly type: 'evaluation.worker.restarted'; readonly reason: string }
  | {
      readonly type: 'evaluation.done';
      readonly succeeded: number;
      readonly failed: number;
      readonly durationMs: number;
    };

/** Phases of one attempt at a step, in order. */
export type StepPhase =
  | 'preparing'
  | 'connecting'
  | 'sending-inputs'
  | 'building'
  | 'waiting-for-local-slot'
  | 'receiving-outputs'
  | 'post-processing';

/** Why a step has no result. `dependency`: something it needs failed; the others are about the step itself. */
export type StepFailure =
  | 'build-failed'
  | 'dependency-failed'
  | 'unsupported'
  | 'timed-out'
  | 'silent'
  | 'log-limit'
  | 'output-rejected'
  | 'output-limit'
  | 'builder-lost'
  /** Known to fail from before. */
  | 'cached-failure'
  | 'cancelled';

export type BuildEvent =
  | { readonly type: 'build.planned'; readonly toBuild: number; readonly toSubstitute: number }
  | {
      readonly type: 'step.started';
      readonly drvPath: StorePath;
      readonly name: string;
      readonly system: string;
      readonly builder: string;
      readonly emulated: boolean;
      readonly attempt: number;
    }
  | { readonly type: 'step.phase'; readonly drvPath: StorePath; readonly phase: StepPhase }
  | { readonly type: 'step.build-phase'; readonly drvPath: StorePath; readonly phase: string }
  | { readonly type: 'step.log'; readonly drvPath: StorePath; readonly line: string }
  | {
      readonly type: 'step.done';
      readonly drvPath: StorePath;
      readonly name: string;
      readonly builder: string;
      readonly how: 'built' | 'substituted' | 'already-valid';
      readonly durationMs: number;
    }
  | {
      readonly type: 'step.failed';
      readonly drvPath: StorePath;
      readonly name: string;
      readonly builder: string;
      readonly reason: StepFailure;
      readonly message: string;
      /** Last lines of the build log. */
      readonly logTail: readonly string[];
      /** File that holds the whole log of the attempt. */
      readonly logFile?: string;
      /** True when another attempt follows. */
      readonly willRetry: boolean;
    }
  | {
      readonly type: 'build.done';
      readonly built: number;
      readonly failed: number;
      readonly durationMs: number;
    };

export type CopyEvent =
  | { readonly type: 'copy.started'; readonly to: string; readonly paths: number; readonly bytes: number }
  | { readonly type: 'copy.progress'; readonly to: string; readonly paths: number; readonly bytes: number }
  | {
      readonly type: 'copy.done';
      readonly to: string;
      readonly paths: number;
      readonly bytes: number;
      readonly durationMs: number;
    };

/** What is being done on a host, in order. */
export type HostPhase =
  | 'connecting'
  | 'checking'
  | 'copying'
  | 'building'
  | 'uploading-secrets'
  | 'setting-profile'
  | 'activating'
  | 'confirming'
  | 'rebooting'
  | 'checking-health'
  | 'rolling-back';

export type DeployEvent =
  | {
      readonly type: 'rollout.started';
      readonly rollout: string;
      readonly action: string;
      /** Names of hosts, wave by wave. */
      readonly waves: readonly (readonly string[])[];
      /** Hosts that were over before, when it is gone on with. */
      readonly over?: Readonly<
        Record<string, 'deployed' | 'degraded' | 'rolled-back' | 'failed' | 'skipped'>
      >;
    }
  | { readonly type: 'rollout.wave'; readonly rollout: string; readonly wave: number; readonly of: number }
  /** Nothing is begun until it says `going-on`; `reason` in words. */
  | {
      readonly type: 'rollout.waiting';
      readonly rollout: string;
      readonly state: 'paused' | 'soaking' | 'outside-window' | 'going-on';
      readonly reason: string;
    }
  | {
      readonly type: 'rollout.ended';
      readonly rollout: string;
      readonly result: 'succeeded' | 'degraded' | 'failed' | 'aborted';
      readonly durationMs: number;
    }
  | {
      readonly type: 'host.started';
      readonly host: string;
      readonly toplevel: StorePath;
      readonly action: string;
    }
  | { readonly type: 'host.phase'; readonly host: string; readonly phase: HostPhase }
  | { readonly type: 'host.log'; readonly host: string; readonly line: string }
  | {
      readonly type: 'host.check';
      readonly host: string;
      readonly kind: 'pre-deploy' | 'health';
      readonly description: string;
      readonly ok: boolean;
      /** Why not, this time. */
      readonly reason?: string;
    }
  | {
      readonly type: 'host.done';
      readonly host: string;
      readonly durationMs: number;
      /** What is wrong with it although it runs what it should. */
      readonly degraded?: string;
    }
  | {
      readonly type: 'host.failed';
      readonly host: string;
      readonly phase: HostPhase;
      readonly message: string;
      /** It runs again what it ran before. */
      readonly rolledBack?: boolean;
    }
  | { readonly type: 'host.skipped'; readonly host: string; readonly reason: string };

export type MessageEvent = {
  readonly type: 'message';
  readonly level: 'error' | 'warning' | 'info';
  readonly text: string;
  readonly hint?: string;
};

/** What the server's loop does; ids are the database's. */
export type CiEvent =
  | { readonly type: 'ci.jobset.changed'; readonly project: string; readonly jobset: string }
  | {
      readonly type: 'ci.evaluation.started';
      readonly project: string;
      readonly jobset: string;
      /** Null while the inputs are being fetched. */
      readonly evaluation: number | null;
      readonly phase: 'fetching' | 'evaluating';
    }
  | {
      readonly type: 'ci.evaluation.progress';
      readonly project: string;
      readonly jobset: string;
      readonly evaluation: number;
      readonly job: string;
      readonly ok: boolean;
      readonly done: number;
      readonly failed: number;
    }
  | {
      readonly type: 'ci.evaluation.ended';
      readonly project: string;
      readonly jobset: string;
      readonly evaluation: number | null;
      readonly state: 'done' | 'unchanged' | 'failed' | 'cancelled';
      readonly message: string | null;
    }
  | {
      readonly type: 'ci.build.queued' | 'ci.build.started';
      readonly build: number;
      readonly project: string;
      readonly jobset: string;
      readonly job: string;
    }
  | {
      readonly type: 'ci.build.finished';
      readonly build: number;
      readonly project: string;
      readonly jobset: string;
      readonly job: string;
      readonly status: number;
    }
  | {
      readonly type: 'ci.step.started';
      readonly build: number;
      readonly step: number;
      readonly drvPath: StorePath;
      readonly builder: string;
      readonly emulated: boolean;
    }
  | {
      readonly type: 'ci.step.ended';
      readonly build: number;
      readonly step: number;
      readonly drvPath: StorePath;
      readonly status: number;
    }
  | {
      readonly type: 'ci.builder.changed';
      readonly builder: string;
      readonly state: 'ready' | 'lost' | 'drained';
    };

export type ProteusEvent = EvaluationEvent | BuildEvent | CopyEvent | DeployEvent | MessageEvent;

/** Of a server, which may execute several rollouts at a time. */
export type RolloutHostEvent = Extract<DeployEvent, { readonly host: string }> & { readonly rollout: string };

/** All that a server tells. */
export type ServerEvent = ProteusEvent | CiEvent | RolloutHostEvent;

/** Where a stage tells its events. Never throws, never waits. */
export type Emit = (event: ProteusEvent) => void;
