/**
 * Does something on a host again until its answer comes through: whatever is done on a host can be asked for again, and
 * a connection that breaks says nothing of what became of it.
 */

import { AppError } from '../../util/app-error.ts';
import { pause } from '../../util/pause.ts';
import type { HostSession } from '../session/host-session.ts';

export interface PersistOptions {
  readonly signal: AbortSignal;
  /** How long a host may be out of reach. */
  readonly patienceMs: number;
  readonly onLine: (line: string) => void;
  /** Told after each try that broke off. */
  readonly onLost?: (() => void) | undefined;
  /** Default: as often as patience lasts. */
  readonly mostTries?: number | undefined;
  /** Which errors say that the connection broke. Default: those of commands. */
  readonly isLost?: ((error: unknown) => boolean) | undefined;
}

/** Longer than a host waits to be heard by default, and then takes to go back. */
export const defaultPatienceMs = 150_000;
const betweenTriesMs = 1000;

export async function persist<T>(
  session: Pick<HostSession, 'reset'>,
  work: (heard: () => void) => Promise<T>,
  options: PersistOptions,
): Promise<T> {
  let lastHeard = performance.now();
  for (let tries = 1; ; tries++) {
    try {
      return await work(() => {
        lastHeard = performance.now();
      });
    } catch (error) {
      const lost = (options.isLost ?? isLost)(error);
      const isLast = tries === options.mostTries || performance.now() - lastHeard > options.patienceMs;
      if (!lost || isLast) throw error;
      if (tries === 1) options.onLine('the connection was lost; trying to reach it again');
      options.onLost?.();
      await session.reset();
      await pause(betweenTriesMs, options.signal);
    }
  }
}

/** Whether an error says only that an answer did not come through. */
export function isLost(error: unknown): boolean {
  return (
    error instanceof AppError &&
    ['deploy.connection-lost', 'deploy.unreachable', 'process.timeout'].includes(error.code)
  );
}
