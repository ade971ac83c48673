/** What can go wrong with a rollout as a whole: its plan and its journal. */

import type { ErrorKind } from './error-kind.ts';

export const rolloutErrors = {
  'rollout.plan-invalid': {
    sentence: 'A saved plan of a rollout cannot be used.',
    status: 400,
    exit: 1,
    hint: 'Make it anew with `proteus deploy … --plan-only --save-plan FILE`.',
  },
  'rollout.journal-invalid': {
    sentence: 'The journal of a rollout cannot be read.',
    status: 500,
    exit: 1,
    hint: 'The message names the line. What the hosts run now, `proteus status` and a login there say.',
  },
  'rollout.journal-failed': {
    sentence: 'The journal of a rollout cannot be written.',
    status: 500,
    exit: 1,
    hint: 'Make room, or make its folder writable, then go on with `proteus rollout resume`: no host was begun without it.',
  },
  'rollout.unknown': {
    sentence: 'There is no such rollout.',
    status: 404,
    exit: 1,
    hint: '`proteus rollout list` shows those that are known.',
  },
  'rollout.running': {
    sentence: 'Another process executes the rollout.',
    status: 409,
    exit: 1,
    hint: 'Wait until it is done, or interrupt it; `proteus rollout resume` then goes on.',
  },
  'rollout.no-generation': {
    sentence: 'A host has no generation of its system profile to go back to.',
    status: 409,
    exit: 1,
    hint: 'Leave the host out with --on, or name with --to a generation or a store path that it has.',
  },
  'rollout.ended': {
    sentence: 'The rollout has ended already.',
    status: 409,
    exit: 1,
    hint: 'Begin a new one: hosts that run their new system already are not activated again.',
  },
} as const satisfies Record<string, ErrorKind>;
