/** What can go wrong while systems and secrets are brought to a host. */

import type { ErrorKind } from './error-kind.ts';

export const copyErrors = {
  'deploy.no-space': {
    sentence: 'The disk of a host has no room for what is to be copied there.',
    status: 507,
    exit: 1,
    hint: 'Free some there, as with `nix-collect-garbage --delete-older-than 30d`; what arrived before is kept.',
  },
  'deploy.build-failed': {
    sentence: 'A host could not build its system itself.',
    status: 500,
    exit: 1,
    hint: 'What it built before is kept there. --no-build-on-target builds here, or on your builders, and sends the result.',
  },
  'deploy.build-unsupported': {
    sentence: 'A host that is to build its system itself cannot build what it is made of.',
    status: 400,
    exit: 1,
    hint: 'Its system, or system-features and extra-platforms in its nix.conf, are not what the derivation asks for.',
  },
  'deploy.not-trusted': {
    sentence: 'A host does not take from this login what it is to build its system from.',
    status: 403,
    exit: 1,
    hint: 'Log in as root, name the login in trusted-users of the nix.conf there, or sign what is sent with a key that the host trusts.',
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
