/**
 * Writing down attempts, beside what happens rather than in its way: the calls for one attempt come in order, attempts
 * do not wait for one another, and whoever tells the outcome of a build waits until all is written that was to be
 * written by then. What the recorder throws is told, and the rest of that attempt is not written.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StepPhase } from '../events/event.ts';
import { errorMessage } from '../util/error-message.ts';
import type { BuildStep } from './build-step.ts';
import type { RecordedStep, StepAttempt, StepEnded, StepRecorder } from './scheduler.ts';

export interface AttemptRecords {
  /** Begins the record of an attempt. */
  begin(attempt: StepAttempt): AttemptRecord;
  /** `owner`: the build's id. */
  refused(step: BuildStep, owner: number, ended: StepEnded): void;
  /** Something else to be written before any outcome is told. */
  write(what: string, work: Promise<unknown>): void;
  /** Resolves when all is written that was to be written when it was called. */
  written(): Promise<void>;
}

export interface AttemptRecord {
  phase(phase: StepPhase): void;
  end(ended: StepEnded): void;
}

export function createAttemptRecords(
  recorder: StepRecorder | undefined,
  onFault: (text: string) => void,
): AttemptRecords {
  const unwritten = new Set<Promise<void>>();

  const write = (what: string, work: Promise<unknown>): void => {
    const written = work.then(
      () => void unwritten.delete(written),
      (error: unknown) => {
        unwritten.delete(written);
        onFault(`cannot write down ${what}: ${errorMessage(error)}`);
      },
    );
    unwritten.add(written);
  };

  return {
    begin(attempt) {
      if (recorder === undefined) return { phase: () => {}, end: () => {} };
      const step: Promise<RecordedStep> = call(() => recorder.begin(attempt));
      write(`that ${attempt.name} has started`, step);
      return {
        phase(phase) {
          // Told with the beginning when that could not be written.
          step.then((recorded) => recorded.phase(phase)).catch(() => {});
        },
        end(ended) {
          const end = step.then(
            (recorded) => call(() => recorded.end(ended)),
            () => {},
          );
          write(`how ${attempt.name} ended`, end);
        },
      };
    },
    refused(step, owner, ended) {
      if (recorder === undefined) return;
      const { drvPath, name, system } = step;
      const refused = { drvPath, name, system, owner, outputs: outputRecord(step) };
      write(
        `that ${name} was not tried`,
        call(() => recorder.refused(refused, ended)),
      );
    },
    write,
    async written() {
      await Promise.all(unwritten);
    },
  };
}

/**
 * In a turn of its own: what begins or ends is followed by what is urgent, the next word to a builder, and a database in
 * this process would keep that waiting. What `work` throws at once is a rejection too.
 */
async function call<T>(work: () => Promise<T>): Promise<T> {
  await nextTurn();
  return work();
}

/** The outputs of a step as they are recorded: null where only building tells the path. */
export function outputRecord({ outputs }: Pick<BuildStep, 'outputs'>): StepAttempt['outputs'] {
  return Object.fromEntries([...outputs].map(([name, { path }]) => [name, path ?? null]));
}
