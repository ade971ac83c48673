/** What an evaluation keeps of a network, for tests: hosts of these names with nothing particular about them. */

import { networkSchema } from '../../network/network-schema.ts';

export function networkJson(
  hosts: readonly (string | ({ readonly name: string } & Readonly<Record<string, unknown>>))[],
  change: Readonly<Record<string, unknown>> = {},
): string {
  const given = hosts.map((host) => (typeof host === 'string' ? { name: host } : host));
  const network = networkSchema.parse({
    hosts: given.map((host) => ({ targetHost: `${host.name}.example.org`, ...host })),
  });
  return JSON.stringify({ ...network, brokenHosts: [], ...change });
}
