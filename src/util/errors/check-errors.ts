/** Failures of the checks that stand before and after a deployment, and of passwords that it needs. */

import type { ErrorKind } from './error-kind.ts';

export const checkErrors = {
  'deploy.check-failed': {
    sentence: 'The checks of a host did not succeed in time.',
    status: 409,
    exit: 1,
    hint: 'The message says which, and why the last try failed; run the check by hand, or give it more time with --timeout.',
  },
  'deploy.no-password': {
    sentence: 'The password of sudo on a host could not be had.',
    status: 409,
    exit: 1,
    hint: 'Run the command of --passcmd by hand, or give --passwd on a terminal.',
  },
} as const satisfies Record<string, ErrorKind>;
