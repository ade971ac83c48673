/** What can go wrong with rollouts that a server keeps, and with what it knows of hosts. */

import type { ErrorKind } from './error-kind.ts';

export const fleetErrors = {
  'rollout.state': {
    sentence: 'A rollout is not in the state in which that can be done.',
    status: 409,
    exit: 1,
    hint: '`proteus rollout show` says how it stands.',
  },
  'rollout.busy': {
    sentence: 'Another rollout has a host of this one.',
    status: 409,
    exit: 1,
    hint: 'Wait until it has ended, or abort it with `proteus rollout abort`; then approve this one again.',
  },
  'rollout.evaluation': {
    sentence: 'An evaluation cannot be rolled out.',
    status: 409,
    exit: 1,
    hint: 'Only evaluations of networks have hosts; `proteus eval show` says how it stands.',
  },
  'rollout.no-hosts': {
    sentence: 'No host is left to roll out to.',
    status: 409,
    exit: 1,
    hint: 'The message says why each was left out; --on and --tagged choose others.',
  },
  'rollout.secrets': {
    sentence: 'A secret of a host cannot be had by the server.',
    status: 409,
    exit: 1,
    hint: 'Put it into the folder that `secrets` in the section [rollouts] of the configuration names.',
  },
  'host.cordons-invalid': {
    sentence: 'The file of hosts that take no part in rollouts cannot be used.',
    status: 500,
    exit: 1,
    hint: 'Mend it, or remove it: then no host is cordoned, and `proteus host cordon` makes it anew.',
  },
  'host.unknown': {
    sentence: 'There is no host of that name.',
    status: 404,
    exit: 1,
    hint: '`proteus host list` shows the hosts that are known.',
  },
} as const satisfies Record<string, ErrorKind>;
