/**
 * One attempt to its end: what `run-step.ts` does, with its outputs kept from the garbage collector, and everything
 * that breaks put down to somebody.
 */

import type { StorePath } from '../nix/store-path.ts';
import { type Blame, blame } from './blame.ts';
import { outputPaths } from './build-step.ts';
import { runStep, type StepRun } from './run-step.ts';
import type { Verdict } from './step-failure.ts';

export interface AttemptOptions extends StepRun {
  /** Keeps paths of our own store from its garbage collector. */
  readonly keep: (paths: readonly StorePath[]) => Promise<void>;
}

export interface AttemptResult extends Partial<Pick<Blame, 'fault'>> {
  readonly verdict: Verdict;
  /** Of a step that went well: its outputs by name. */
  readonly outputs: ReadonlyMap<string, StorePath>;
  /** Another attempt may go well. */
  readonly mayPass: boolean;
}

/** Never throws. */
export async function runAttempt(options: AttemptOptions): Promise<AttemptResult> {
  const { step, link, store, log, signal, keep } = options;
  // Beside the build, not before it: the connection that makes an output valid keeps it, too, as long as it is open.
  const kept = keep(outputPaths(step));
  kept.catch(() => {});
  try {
    const { verdict, outputs } = await runStep(options);
    await kept;
    if (verdict.ok && step.floating) await keep([...outputs.values()]);
    const mayPass = !verdict.ok && (verdict.reason === 'builder-lost' || verdict.again === 'perhaps-not');
    return { verdict, outputs, mayPass };
  } catch (error) {
    const ask = () => store.isValidPath(step.drvPath, { signal });
    return { outputs: new Map(), ...(await blame(error, link.builder.name, ask, signal)) };
  } finally {
    await log[Symbol.asyncDispose]();
  }
}
