/** What can go wrong with the connection to a host that is deployed to. */

import type { ErrorKind } from './error-kind.ts';

export const sessionErrors = {
  'deploy.host-key': {
    sentence: 'A host does not show the host key that is known for it.',
    status: 502,
    exit: 1,
    hint: 'If its key was really changed, `ssh-keygen -R HOST` forgets the old one; `ssh HOST` shows the new one for comparison.',
  },
  'deploy.host-answer': {
    sentence: 'A host gave an answer that cannot be understood.',
    status: 502,
    exit: 1,
    hint: 'A POSIX sh with coreutils is needed there, and a login shell that does not rewrite what is run.',
  },
  'deploy.sudo-failed': {
    sentence: 'The login to a host may not do there what only root may.',
    status: 403,
    exit: 1,
    hint: 'Give the password with --passwd or --passcmd, log in as root, or let sudo of that user ask for none (NOPASSWD).',
  },
} as const satisfies Record<string, ErrorKind>;
