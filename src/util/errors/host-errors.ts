/** What can go wrong on one host of a rollout, apart from its activation itself. */

import type { ErrorKind } from './error-kind.ts';

export const hostErrors = {
  'deploy.unreachable': {
    sentence: 'A host cannot be reached.',
    status: 502,
    exit: 1,
    hint: 'Try `ssh` to the host by hand. --unreachable skip leaves such hosts out, --unreachable queue waits for them.',
  },
  'deploy.locked': {
    sentence: 'Another rollout works on the host.',
    status: 409,
    exit: 1,
    hint: 'Wait until it has ended, or end it; the message names it.',
  },
  'deploy.not-confirmed': {
    sentence: 'A host has gone back to its system of before, because nobody confirmed the new one in time.',
    status: 504,
    exit: 1,
    hint: 'The new system may have cut the host off: see its network, firewall and ssh settings, and --confirm-timeout.',
  },
  'deploy.reboot-failed': {
    sentence: 'A host has not come back from its reboot.',
    status: 504,
    exit: 1,
    hint: 'See its console; the boot loader still lists the systems of before.',
  },
} as const satisfies Record<string, ErrorKind>;
