/** Why a build is not done yet: what runs for it, or what keeps the first of its steps that could start. */

import type { Attempts } from './attempts.ts';
import type { BuildRequest } from './build-request.ts';
import type { BuilderPool } from './builder-pool.ts';
import type { PlanRequests } from './plan-requests.ts';
import type { ReadySteps } from './ready-steps.ts';
import type { WaitReason } from './scheduler.ts';
import type { StepGraph, StepNode } from './step-graph.ts';
import { whyUnsupported } from './why-unsupported.ts';

export interface ExplainOptions {
  readonly graph: StepGraph;
  readonly ready: ReadySteps;
  readonly pool: BuilderPool;
  readonly attempts: Attempts;
  readonly planner: Pick<PlanRequests, 'ahead'>;
  readonly unsupportedAfterMs: number;
}

export function explainWait(request: BuildRequest | undefined, options: ExplainOptions): WaitReason {
  if (request === undefined || request.state === 'settled') return { type: 'unknown-build' };
  const root = options.graph.find(request.drvPath);
  if (request.state !== 'planned' || root === undefined) {
    return { type: 'not-planned', ahead: request.state === 'queued' ? options.planner.ahead(request) : 0 };
  }
  const all = [...closure(root)];
  const steps = all.flatMap((node) => {
    const attempt = options.attempts.of(node);
    return attempt === undefined ? [] : [{ drvPath: node.step.drvPath, builder: attempt.link.builder.name }];
  });
  if (steps.length > 0) return { type: 'running', steps };
  const first = all.filter(({ state }) => state === 'runnable').sort((a, b) => b.chain - a.chain)[0];
  return first === undefined ? { type: 'dependencies', left: all.length - 1 } : whyNotStarted(first, options);
}

/** The step, and all steps that it needs. */
function closure(root: StepNode): ReadonlySet<StepNode> {
  const all = new Set([root]);
  for (const node of all) for (const need of node.needs) all.add(need);
  return all;
}

function whyNotStarted(node: StepNode, options: ExplainOptions): WaitReason {
  const { ready, pool, unsupportedAfterMs } = options;
  const of = ready.classOf(node);
  const able = pool.able(of?.needs ?? node.step);
  if (able.length === 0) {
    const since = of?.unsupportedSince;
    const failsAt = since === undefined ? null : since + unsupportedAfterMs;
    return { type: 'no-builder', why: whyUnsupported(node.step, pool.builders), failsAt };
  }
  const undrained = able.filter(({ drained }) => !drained);
  if (undrained.length === 0) {
    return { type: 'builders-drained', builders: able.map(({ builder }) => builder.name) };
  }
  const there = undrained.filter(({ avoided }) => !avoided);
  if (there.length === 0) {
    const builders = undrained.map(({ builder, avoidedUntil, lastLoss }) => ({
      name: builder.name,
      until: avoidedUntil,
      why: lastLoss ?? '',
    }));
    return { type: 'builders-avoided', builders };
  }
  return {
    type: 'no-free-slot',
    ahead: of?.steps.ahead(node) ?? 0,
    builders: there.map(({ builder }) => builder.name),
  };
}
