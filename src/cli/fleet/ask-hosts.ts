/** Asks hosts how they stand, many at a time, each with its deadline; one that does not answer keeps nobody waiting. */

import type { PlannedHost } from '../../deploy/deploy-plan.ts';
import { openHostSession } from '../../deploy/session/open-host-session.ts';
import type { Asked } from '../../deploy/status/host-status.ts';
import type { SshSettings } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import { createLimiter } from '../../util/create-limiter.ts';
import { errorMessage } from '../../util/error-message.ts';

export interface AskOptions {
  readonly ssh: SshSettings;
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly atOnce?: number;
}

/** In the order of the hosts. Throws only `interrupted`. */
export async function askHosts(
  hosts: readonly Pick<PlannedHost, 'name' | 'target'>[],
  { ssh, signal, deadlineMs, atOnce = 32 }: AskOptions,
): Promise<readonly Asked[]> {
  const limit = createLimiter(atOnce);
  const ask = async (host: Pick<PlannedHost, 'name' | 'target'>): Promise<Asked> => {
    const deadline = AbortSignal.timeout(deadlineMs);
    try {
      await using session = await openHostSession(host, { ssh, signal: AbortSignal.any([signal, deadline]) });
      return { reachable: true, facts: session.facts };
    } catch (error) {
      if (signal.aborted)
        throw new AppError('interrupted', 'interrupted while asking hosts', { cause: error });
      const why = deadline.aborted ? `no answer within ${deadlineMs / 1000} s` : errorMessage(error);
      return { reachable: false, why };
    }
  };
  return Promise.all(hosts.map((host) => limit(() => ask(host))));
}
