/** Secrets for tests: everything that is not said is the option's default. */

import type { SecretSpec } from '../../network/network.ts';

export function secretOf(change: Partial<SecretSpec>): SecretSpec {
  return {
    source: '',
    destination: '/run/secret',
    owner: { user: 'root', group: 'root' },
    permissions: '0400',
    action: [],
    mkDirs: true,
    uploadAt: 'pre-activation',
    ...change,
  };
}
