/** A host of which only the name is known, as if a network said nothing else of it: reached by that name, without secrets and checks. */

import type { HostMetadata } from './network.ts';

const noChecks = { cmd: [], http: [] } as const;

export function bareHost(name: string): HostMetadata {
  return {
    name,
    targetHost: name,
    targetPort: null,
    targetUser: '',
    buildOnly: false,
    buildOnTarget: false,
    substituteOnDestination: false,
    tags: [],
    secrets: {},
    preDeployChecks: noChecks,
    healthChecks: noChecks,
    nixosRelease: '',
    nixConfig: {},
  };
}
