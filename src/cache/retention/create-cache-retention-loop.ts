/** Lets caches go by itself: at an interval, and once more when files that had to wait may go. */

import { errorMessage } from '../../util/error-message.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import type { CacheRetention, CacheRetentionPlan } from './cache-retention.ts';

export interface CacheRetentionLoopDeps {
  readonly retention: Pick<CacheRetention, 'apply'>;
  /** 0: never by itself. */
  readonly intervalMs: number;
  readonly onRemoved: (text: string) => void;
  readonly onFault: (message: string, error: unknown) => void;
}

/** Disposing ends a run that is under way between two steps of it. */
export function createCacheRetentionLoop(deps: CacheRetentionLoopDeps): AsyncDisposable {
  const { retention, intervalMs, onRemoved, onFault } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  let again: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const once = async (): Promise<void> => {
    try {
      const plan = await retention.apply(signal);
      const text = describe(plan);
      if (text !== undefined) onRemoved(text);
      const times = plan.files.flatMap(({ notBefore }) => notBefore ?? []);
      if (times.length > 0 && !signal.aborted) again = setTimeout(run, Math.max(...times) - plan.at).unref();
    } catch (error) {
      if (!signal.aborted) onFault(`caches cannot be cleaned up: ${errorMessage(error)}`, error);
    } finally {
      running = undefined;
    }
  };
  const run = (): void => {
    clearTimeout(again);
    running ??= once();
  };

  const timer = intervalMs > 0 ? setInterval(run, intervalMs).unref() : undefined;
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      clearInterval(timer);
      clearTimeout(again);
      await running;
    },
  };
}

function describe({ paths, files, extras }: CacheRetentionPlan): string | undefined {
  const gone = files.filter(({ notBefore }) => notBefore === null);
  if (paths.length === 0 && gone.length === 0 && extras.length === 0) return undefined;
  const bytes = gone.reduce((sum, { fileSize }) => sum + fileSize, 0);
  const logs = extras.filter(({ kind }) => kind === 'log').length;
  const besides =
    extras.length === 0 ? '' : `, and ${logs} logs and ${extras.length - logs} realisations besides`;
  return `caches let go ${paths.length} paths and ${gone.length} files (${formatBytes(bytes)})${besides}`;
}
