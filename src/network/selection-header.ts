/** The lines that Morph prints on standard error before it does anything, which people's scripts read. */

import type { Selection } from './select-hosts.ts';

/**
 * The header with its empty last line. Hosts that a tag leaves out count among the limits, as in Morph.
 */
export function selectionHeader({ selected, total, afterName }: Selection): string {
  const counts = `(name filter:-${total - afterName}, limits:-${afterName - selected.length})`;
  const hosts = selected.map((host, index) => {
    const secrets = Object.keys(host.secrets).length;
    const checks = host.healthChecks.cmd.length + host.healthChecks.http.length;
    const details = `(secrets: ${secrets}, health checks: ${checks}, tags: ${host.tags.join(',')})`;
    return `\t${String(index).padStart(3)}: ${host.name} ${details}\n`;
  });
  return `Selected ${selected.length}/${total} hosts ${counts}:\n${hosts.join('')}\n`;
}
