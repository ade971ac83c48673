/** What the end of a worker means for the job it had in hand. */

import type { ProcessExit } from '../process/running-command.ts';
import { formatBytes } from '../util/format-bytes.ts';

/** Why we killed a worker, if we did. */
export type KillReason = 'timeout' | 'memory';

interface Death {
  readonly exit: ProcessExit;
  /** What it printed last that was no log line. */
  readonly lastWords: string;
  readonly killed: KillReason | undefined;
  /** True when no other worker ran beside it. */
  readonly alone: boolean;
  readonly budget: number;
  readonly jobTimeoutMs: number | undefined;
}

interface Verdict {
  /** Why there must be a new worker. */
  readonly reason: string;
  /** Why the job has failed; undefined when it deserves another try, alone. */
  readonly failure: string | undefined;
}

export function workerDeath({ exit, lastWords, killed, alone, budget, jobTimeoutMs }: Death): Verdict {
  const always = (text: string): Verdict => ({ reason: text, failure: text });
  if (killed === 'timeout') return always(`the evaluation took longer than ${jobTimeoutMs} ms`);
  if (/stack overflow/.test(lastWords)) return always('stack overflow: most likely a recursion without end');
  if (killed === 'memory') {
    return {
      reason: `the workers held more than ${formatBytes(budget)} of memory together`,
      failure: alone
        ? `the evaluation needs more than ${formatBytes(budget)} of memory, even when nothing runs beside it`
        : undefined,
    };
  }
  const how = exit.signal === null ? `ended with exit code ${exit.code}` : `was killed by ${exit.signal}`;
  return {
    reason: `a worker ${how}`,
    failure: alone ? `the evaluation worker ${how}, twice; the system may have run out of memory` : undefined,
  };
}
