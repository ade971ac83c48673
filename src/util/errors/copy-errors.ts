/** What can go wrong while systems and secrets are brought to a host. */

import type { ErrorKind } from './error-kind.ts';

export const copyErrors = {
  'deploy.no-space': {
    sentence: 'The disk of a host has no room for what is to be copied there.',
    status: 507,
    exit: 1,
    hint: 'Free some there, as with `nix-collect-garbage --delete-older-than 30d`; what arrived before is kept.',
  },
  'deploy.secret-source': {
    sentence: 'The content of a secret cannot be had.',
    status: 400,
    exit: 1,
    hint: 'The message says where it should come from; try the same by hand. Nothing was uploaded to that host.',
  },
  'deploy.secret-failed': {
    sentence: 'A secret could not be put in place on a host.',
    status: 500,
    exit: 1,
    hint: 'The file of before is still there, whole. See deployment.secrets.<name> in the network file.',
  },
} as const satisfies Record<string, ErrorKind>;
