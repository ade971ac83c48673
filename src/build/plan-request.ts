/**
 * What comes of planning one request: it is found to be done, to fail, or to need steps. Made again when steps have
 * ended or vanished meanwhile that it had counted on, and when our store did not answer, which may pass.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { StorePath } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import type { BuildFailure } from './build-queue.ts';
import type { BuildRequest } from './build-request.ts';
import { findKnownFailure, type KnownFailure } from './find-known-failure.ts';
import { type BuildPlan, type PlanOptions, planBuild } from './plan-build.ts';
import type { FailureCache } from './scheduler.ts';
import type { StepEnds } from './step-ends.ts';
import type { NewStep, StepGraph, StepNode } from './step-graph.ts';

export interface PlanRequestOptions extends Omit<PlanOptions, 'isUnderWay' | 'signal'> {
  readonly graph: StepGraph;
  readonly ends: StepEnds;
  readonly failures: FailureCache | undefined;
  readonly onFailureFault: (error: unknown) => void;
  /** How often it is tried, and the first pause between. */
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
}

export type Planned =
  /** All outputs are valid. */
  | { readonly type: 'valid' }
  /** Its step is in the graph now, with these that it needs. */
  | { readonly type: 'waits'; readonly added: readonly StepNode[] }
  | { readonly type: 'failed'; readonly end: BuildFailure | Error }
  | { readonly type: 'known-failure'; readonly failure: KnownFailure };

/** Throws what planning throws. With `waits` the request's state is `planned`. */
export async function planRequest(
  request: BuildRequest,
  signal: AbortSignal,
  options: PlanRequestOptions,
): Promise<Planned> {
  const { graph, maxAttempts, retryDelayMs } = options;
  const isUnderWay = (drvPath: StorePath): boolean => graph.find(drvPath) !== undefined;
  for (let attempt = 1; ; ) {
    signal.throwIfAborted();
    if (isUnderWay(request.drvPath)) return enter(request, [], graph);
    try {
      const plan = await planBuild(request.drvPath, { ...options, isUnderWay, signal });
      const failure = await askFailures(plan, options);
      signal.throwIfAborted();
      if (failure !== undefined) return { type: 'known-failure', failure };
      const planned = admit(request, plan, options);
      if (planned !== 'again') return planned;
    } catch (error) {
      const mayPass = error instanceof AppError && error.code === 'store.unreachable';
      if (!mayPass || attempt >= maxAttempts || signal.aborted) throw error;
      await delay(retryDelayMs * 2 ** (attempt - 1), undefined, { signal });
      attempt += 1;
    }
  }
}

async function askFailures(
  plan: BuildPlan,
  { failures, onFailureFault }: PlanRequestOptions,
): Promise<KnownFailure | undefined> {
  try {
    return await findKnownFailure([...plan.steps.values()], failures);
  } catch (error) {
    onFailureFault(error);
    return undefined;
  }
}

/** Puts what the plan needs into the graph, unless it is over already, or the world has changed since: `again`. */
function admit(
  request: BuildRequest,
  plan: BuildPlan,
  { graph, ends }: PlanRequestOptions,
): Planned | 'again' {
  const known = [request.drvPath, ...plan.underWay, ...plan.steps.keys()];
  const ended = new Map(known.map((drvPath) => [drvPath, ends.recall(drvPath, request)]));
  for (const end of ended.values()) {
    if (end instanceof Error || end?.ok === false) return { type: 'failed', end };
  }
  if (plan.steps.size === 0 && graph.find(request.drvPath) === undefined) return { type: 'valid' };
  if (ended.get(request.drvPath) !== undefined) return { type: 'valid' };
  for (const drvPath of plan.underWay) {
    if (graph.find(drvPath) === undefined && ended.get(drvPath) === undefined) return 'again';
  }
  const isOpen = (drvPath: StorePath): boolean =>
    graph.find(drvPath) !== undefined || (plan.steps.has(drvPath) && ended.get(drvPath) === undefined);
  const steps = [...plan.steps.values()]
    .filter(({ drvPath }) => ended.get(drvPath) === undefined)
    .map((step): NewStep => {
      const inputs = [...step.inputs];
      return {
        step,
        needs: inputs.map(([input]) => input).filter(isOpen),
        keeps: inputs.flatMap(([input, outputs]) => {
          const end = ended.get(input);
          const valid = outputs.flatMap((output) => plan.valid.get(`${input}!${output}`) ?? []);
          return end !== undefined && 'paths' in end ? [...valid, ...end.paths] : valid;
        }),
      };
    });
  return enter(request, steps, graph);
}

function enter(request: BuildRequest, steps: readonly NewStep[], graph: StepGraph): Planned {
  request.state = 'planned';
  return { type: 'waits', added: graph.add(steps, request) };
}
