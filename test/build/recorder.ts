/** A recorder that keeps what it is told, in memory, for tests to look at. */

import type { StepAttempt, StepEnded, StepRecorder } from '../../src/build/scheduler.ts';
import type { StepPhase } from '../../src/events/event.ts';

export interface KeptStep {
  readonly step: Pick<StepAttempt, 'drvPath' | 'name' | 'system' | 'owner' | 'outputs'> &
    Partial<StepAttempt>;
  readonly phases: StepPhase[];
  ended: StepEnded | undefined;
}

export interface KeepingRecorder extends StepRecorder {
  readonly steps: readonly KeptStep[];
  /** Those of one derivation's name, in the order they began. */
  of(name: string): readonly KeptStep[];
  /** Writing takes until the promise is there; default: at once. */
  slow: Promise<void> | undefined;
  /** Thrown instead of writing. */
  fails: Error | undefined;
}

export function keepingRecorder(): KeepingRecorder {
  const steps: KeptStep[] = [];
  const write = async (): Promise<void> => {
    await recorder.slow;
    if (recorder.fails !== undefined) throw recorder.fails;
  };
  const recorder: KeepingRecorder = {
    steps,
    of: (name) => steps.filter(({ step }) => step.name === name),
    slow: undefined,
    fails: undefined,
    async begin(step) {
      await write();
      const kept: KeptStep = { step, phases: [], ended: undefined };
      steps.push(kept);
      return {
        phase: (phase) => void kept.phases.push(phase),
        async end(ended) {
          await write();
          kept.ended = ended;
        },
      };
    },
    async refused(step, ended) {
      await write();
      steps.push({ step, phases: [], ended });
    },
  };
  return recorder;
}
