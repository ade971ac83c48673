/** An event of a host as a line of its log. Pure. */

import type { DeployEvent } from '../../events/event.ts';

type HostEvent = Extract<DeployEvent, { readonly host: string }>;

export function hostLogLine(event: HostEvent): string {
  switch (event.type) {
    case 'host.started':
      return `-- ${event.action} ${event.toplevel}`;
    case 'host.phase':
      return `-- ${event.phase}`;
    case 'host.log':
      return event.line;
    case 'host.check': {
      const verdict = event.ok ? 'OK' : `failed: ${event.reason ?? 'no reason'}`;
      return `${event.kind} check ${event.description}: ${verdict}`;
    }
    case 'host.done':
      return event.degraded === undefined ? '-- done' : `-- done, degraded: ${event.degraded}`;
    case 'host.failed':
      return `-- ${event.rolledBack ? 'rolled back' : 'failed'} while ${event.phase}: ${event.message}`;
    case 'host.skipped':
      return `-- skipped: ${event.reason}`;
  }
}
