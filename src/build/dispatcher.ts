/**
 * Hands steps to builders: again and again the first of all steps for which a builder is free. Called whenever that may
 * have changed; what changes by itself, as time passes, has a timer.
 */

import type { BuilderLink } from './builder-link.ts';
import type { BuilderPool } from './builder-pool.ts';
import type { ReadyClass, ReadySteps } from './ready-steps.ts';
import type { StepNode } from './step-graph.ts';

export interface DispatcherOptions {
  readonly ready: ReadySteps;
  readonly pool: BuilderPool;
  /** How long steps wait that no builder can take. */
  readonly unsupportedAfterMs: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Makes the step run, so that it is not ready any more. */
  readonly start: (node: StepNode, link: BuilderLink) => void;
  /** Takes the step out, as no builder can take it. */
  readonly fail: (node: StepNode) => void;
}

/** Timers cannot be longer than this many milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

export function createDispatcher(options: DispatcherOptions): () => void {
  const { ready, pool, unsupportedAfterMs, now, signal } = options;
  let wake: NodeJS.Timeout | undefined;

  /** When the first of the steps that no builder can take is given up; those whose time has come are now. */
  const failUnsupported = (): number => {
    let next = Number.POSITIVE_INFINITY;
    for (const of of ready.classes()) {
      if (pool.able(of.needs).length > 0) {
        of.unsupportedSince = undefined;
        continue;
      }
      of.unsupportedSince ??= now();
      const failsAt = of.unsupportedSince + unsupportedAfterMs;
      if (failsAt > now()) next = Math.min(next, failsAt);
      else
        for (let first = of.steps.peek(); first !== undefined; first = of.steps.peek())
          options.fail(first.item);
    }
    return next;
  };

  const dispatch = (): void => {
    clearTimeout(wake);
    if (signal.aborted) return;
    let wakeAt = failUnsupported();
    for (;;) {
      const links = new Map<ReadyClass, BuilderLink>();
      const best = ready.best((of) => {
        const link = pool.choose(of.needs);
        if (link !== undefined) links.set(of, link);
        return link !== undefined;
      });
      const node = best?.steps.peek()?.item;
      const link = best === undefined ? undefined : links.get(best);
      if (node === undefined || link === undefined) break;
      options.start(node, link);
    }
    if (ready.size > 0) wakeAt = Math.min(wakeAt, pool.nextReturn() ?? wakeAt);
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    wake = setTimeout(dispatch, Math.min(Math.max(1, wakeAt - now()), longestTimerMs));
  };

  signal.addEventListener('abort', () => clearTimeout(wake), { once: true });
  return dispatch;
}
