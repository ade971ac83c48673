/** Asks hosts how they stand, several at a time. */

import type { PlannedHost } from '../../deploy/deploy-plan.ts';
import type { HostFacts } from '../../deploy/session/host-facts.ts';
import { openHostSession } from '../../deploy/session/open-host-session.ts';
import type { SshSettings } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import { createLimiter } from '../../util/create-limiter.ts';

export type AskedFacts =
  | { readonly host: string; readonly facts: HostFacts }
  | { readonly host: string; readonly problem: AppError };

const atOnce = 8;

/** In the order of the hosts. Throws `interrupted`, and what is no trouble of a host. */
export async function askFacts(
  hosts: readonly Pick<PlannedHost, 'name' | 'target'>[],
  options: { readonly ssh: SshSettings; readonly signal: AbortSignal },
): Promise<readonly AskedFacts[]> {
  const limit = createLimiter(atOnce);
  return Promise.all(
    hosts.map((host) =>
      limit(async (): Promise<AskedFacts> => {
        try {
          await using session = await openHostSession(host, options);
          return { host: host.name, facts: session.facts };
        } catch (error) {
          if (error instanceof AppError && error.code !== 'interrupted')
            return { host: host.name, problem: error };
          throw error;
        }
      }),
    ),
  );
}
