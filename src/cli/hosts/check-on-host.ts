/** The health checks of a host, with its commands over the session of the host. */

import { runChecks } from '../../deploy/checks/run-checks.ts';
import type { KnownHost } from '../../deploy/known-host.ts';
import type { Emit } from '../../events/event.ts';
import { unlessAborted } from '../../util/unless-aborted.ts';
import type { HostTools } from './on-hosts.ts';

/** `timeoutSeconds`: 0 is no limit. Throws `deploy.check-failed`. */
export async function checkOnHost(
  host: KnownHost,
  { session, signal: ended }: HostTools,
  { timeoutSeconds, emit }: { readonly timeoutSeconds: number; readonly emit: Emit },
): Promise<void> {
  await runChecks(host.healthChecks, {
    host: host.target.host,
    name: host.name,
    kind: 'health',
    timeoutSeconds,
    signal: ended,
    emit,
    async runCommand(words, { signal, onLine }) {
      // The session is for all checks: a try whose time is over must not end it.
      const on = await unlessAborted(session(), signal, `connecting to ${host.name}`);
      const asRoot = words[0] === 'sudo';
      return on.run(asRoot ? words.slice(1) : words, { signal, onLine, asRoot });
    },
  });
}
