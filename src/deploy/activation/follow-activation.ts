/**
 * Passes on what an activation prints, each line once, and says how it stands once nothing is under way any more. The
 * activation does not depend on us: a connection that breaks, or falls silent, is made anew, and the rest of the log is
 * asked for from the last line that came through.
 */

import { AppError } from '../../util/app-error.ts';
import { printable } from '../../util/printable.ts';
import type { HostSession } from '../session/host-session.ts';
import { type ActivationState, hostVerb } from './host-verb.ts';
import { persist } from './persist.ts';

export interface FollowOptions {
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  readonly patienceMs: number;
  /** Lines that are known already. */
  readonly seen?: number | undefined;
}

/** The host gives a sign every two seconds. */
const silenceMs = 12_000;
export const noDeadlineMs = 2 ** 31 - 1;

export async function followActivation(
  session: HostSession,
  rollout: string,
  options: FollowOptions,
): Promise<ActivationState> {
  let seen = options.seen ?? 0;
  return persist(
    session,
    async (heard) => {
      const silence = new AbortController();
      let timer = setTimeout(() => silence.abort(), silenceMs);
      let lines: string[] = [];
      const tell = (): void => {
        for (const line of lines) options.onLine(line);
        lines = [];
      };
      try {
        const { state } = await hostVerb(session, 'follow', rollout, [seen], {
          signal: AbortSignal.any([options.signal, silence.signal]),
          timeoutMs: noDeadlineMs,
          onAnswer: (line) => {
            heard();
            clearTimeout(timer);
            timer = setTimeout(() => silence.abort(), silenceMs);
            if (line.startsWith('| ')) lines.push(printable(line.slice(2)));
            const [, count] = /^@ (\d{1,9})$/.exec(line) ?? [];
            if (count === undefined) return;
            seen = Number(count);
            tell();
          },
        });
        tell();
        return state;
      } catch (error) {
        if (!silence.signal.aborted || options.signal.aborted) throw error;
        throw new AppError('deploy.connection-lost', `${session.host.name}: it has fallen silent`);
      } finally {
        clearTimeout(timer);
      }
    },
    options,
  );
}
