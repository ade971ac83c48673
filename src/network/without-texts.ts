/**
 * What a server keeps of a network, and shows to whoever may see its evaluations: everything but secrets that are written in
 * the network itself. Where the others come from is no secret.
 */

import type { NetworkMetadata, SecretSpec } from './network.ts';

export function withoutTexts(network: NetworkMetadata): NetworkMetadata {
  return {
    ...network,
    hosts: network.hosts.map((host) => ({
      ...host,
      secrets: Object.fromEntries(
        Object.entries(host.secrets).map(([name, secret]) => [name, withoutText(secret)]),
      ),
    })),
  };
}

function withoutText({ text, ...rest }: SecretSpec): SecretSpec {
  return text === undefined ? rest : { ...rest, textLeftOut: true };
}
