/** Cleans roots up by itself: at an interval, and some time after evaluations, which are what makes old ones go. */

import type { ServerEvent } from '../../events/event.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { Retention } from '../ci.ts';

export interface RetentionLoop {
  /** An evaluation has ended. */
  evaluated(): void;
  /** Resolves when nothing is under way any more; for after the signal fired. */
  idle(): Promise<void>;
}

/** Evaluations come in swarms: one clean-up for all of them. */
const afterEvaluationMs = 300_000;

export function createRetentionLoop(deps: {
  readonly retention: Pick<Retention, 'apply'>;
  /** 0: only after evaluations. */
  readonly intervalMs: number;
  readonly emit: (event: ServerEvent) => void;
  readonly signal: AbortSignal;
}): RetentionLoop {
  const { retention, intervalMs, emit, signal } = deps;
  let soon: NodeJS.Timeout | undefined;
  let applying: Promise<void> | undefined;

  const apply = async (): Promise<void> => {
    try {
      const { removed } = await retention.apply();
      const paths = `${removed.length} store ${removed.length === 1 ? 'path is' : 'paths are'}`;
      if (removed.length > 0) emit({ type: 'message', level: 'info', text: `${paths} no longer kept` });
    } catch (error) {
      if (signal.aborted) return;
      emit({ type: 'message', level: 'error', text: `roots cannot be cleaned up: ${errorMessage(error)}` });
    } finally {
      applying = undefined;
    }
  };

  const run = (): void => {
    soon = undefined;
    applying ??= apply();
  };

  const interval = intervalMs > 0 && !signal.aborted ? setInterval(run, intervalMs) : undefined;
  signal.addEventListener(
    'abort',
    () => {
      clearInterval(interval);
      clearTimeout(soon);
    },
    { once: true },
  );
  return {
    evaluated() {
      if (!signal.aborted) soon ??= setTimeout(run, afterEvaluationMs);
    },
    async idle() {
      await applying;
    },
  };
}
