/**
 * Writes down every attempt of the scheduler as a step of the build it was made for, and, when it makes other builds
 * fail, as a step of each of those too (`propagatedFrom`).
 *
 * The scheduler does not wait for it, so builds go on while the database is away, and their outcome is told when it is
 * back. Phases are for people who look: one that is over before anybody could have looked is not written. What only an
 * evaluation wants has no build, and so no row.
 */

import { relative } from 'node:path';
import type { RecordedStep, StepAttempt, StepEnded, StepRecorder } from '../../build/scheduler.ts';
import { type BuildStatus, buildStatus, stepPhase } from '../../db/build-status.ts';
import type { Database, Repositories } from '../../db/database.ts';
import type { StepRecord } from '../../db/records.ts';
import type { CiEvent, StepPhase } from '../../events/event.ts';
import { isImportId } from './import-id.ts';
import { stepStatusOf } from './status-of-failure.ts';

export interface StepRecorderDeps {
  /** A patient one. */
  readonly database: Pick<Database, 'transaction' | 'steps'>;
  readonly emit: (event: CiEvent) => void;
  /** Logs are recorded relative to it. */
  readonly logDirectory: string;
  readonly logs: { began(file: string): void; ended(file: string): void };
  /** An attempt for this build begins; comes before anything of it is written. */
  readonly onAttempt: (attempt: StepAttempt) => void;
  readonly now: () => number;
}

type NewStep = Parameters<Repositories['steps']['begin']>[0];
type StepEnd = Parameters<Repositories['steps']['end']>[2];

/** A phase is written when it has lasted so long. */
const phaseDelayMs = 100;
/** Other builds that fail with a step, per transaction. */
const propagatedAtOnce = 100;

const phaseNumbers = {
  preparing: stepPhase.preparing,
  connecting: stepPhase.connecting,
  'sending-inputs': stepPhase.sendingInputs,
  building: stepPhase.building,
  'waiting-for-local-slot': stepPhase.waitingForLocalSlot,
  'receiving-outputs': stepPhase.receivingOutputs,
  'post-processing': stepPhase.postProcessing,
} as const satisfies Record<StepPhase, number>;

export function createStepRecorder(deps: StepRecorderDeps): StepRecorder {
  const { database, emit, logDirectory, logs, onAttempt, now } = deps;

  const propagate = async (step: NewStep, end: StepEnd, builds: readonly number[]): Promise<void> => {
    const others = builds.filter((id) => id !== step.buildId && !isImportId(id));
    for (let at = 0; at < others.length; at += propagatedAtOnce) {
      await database.transaction(async (tx) => {
        for (const buildId of others.slice(at, at + propagatedAtOnce)) {
          const number = await tx.steps.begin({ ...step, buildId, propagatedFrom: step.buildId });
          await tx.steps.end(buildId, number, end);
        }
      });
    }
  };

  return {
    async begin(attempt): Promise<RecordedStep> {
      const logFile = relative(logDirectory, attempt.logFile);
      const { owner, drvPath, builder, emulated } = attempt;
      const step: NewStep = { ...rowOf(attempt), logFile, builder, emulated, startedAt: attempt.startedAt };
      logs.began(logFile);
      if (isImportId(owner)) return { phase() {}, end: async () => logs.ended(logFile) };
      onAttempt(attempt);
      const number = await database.steps.begin(step);
      emit({ type: 'ci.step.started', build: owner, step: number, drvPath, builder, emulated });
      let timer: NodeJS.Timeout | undefined;
      return {
        phase(phase) {
          clearTimeout(timer);
          timer = setTimeout(() => {
            // Of use only while it lasts. The database ignores one that comes after the step's end.
            database.steps.setPhase(owner, number, phaseNumbers[phase]).catch(() => {});
          }, phaseDelayMs);
        },
        async end(ended) {
          clearTimeout(timer);
          logs.ended(logFile);
          const end = endOf(ended);
          await database.steps.end(owner, number, end);
          await propagate(step, end, ended.failedBuilds);
          emit({ type: 'ci.step.ended', build: owner, step: number, drvPath, status: statusOf(ended) });
        },
      };
    },
    async refused(refused, ended) {
      if (isImportId(refused.owner)) return;
      const step: NewStep = { ...rowOf(refused), startedAt: now() };
      const end = endOf(ended);
      const number = await database.transaction(async (tx) => {
        const taken = await tx.steps.begin(step);
        await tx.steps.end(step.buildId, taken, end);
        return taken;
      });
      await propagate(step, end, ended.failedBuilds);
      emit({
        type: 'ci.step.ended',
        build: step.buildId,
        step: number,
        drvPath: refused.drvPath,
        status: statusOf(ended),
      });
    },
  };
}

function rowOf(step: Parameters<StepRecorder['refused']>[0]): NewStep & Pick<StepRecord, 'logFile'> {
  return {
    buildId: step.owner,
    type: 'build',
    drvPath: step.drvPath,
    phase: stepPhase.preparing,
    startedAt: null,
    builder: '',
    system: step.system,
    emulated: false,
    propagatedFrom: null,
    logFile: null,
    outputs: step.outputs,
  };
}

function statusOf({ result }: StepEnded): BuildStatus {
  return result.ok ? buildStatus.succeeded : stepStatusOf(result.reason);
}

function endOf(ended: StepEnded): StepEnd {
  const { result, endedAt } = ended;
  return {
    status: statusOf(ended),
    stoppedAt: endedAt,
    errorMessage: result.ok ? null : result.message,
    ...(result.ok ? { outputs: result.outputs } : {}),
  };
}
