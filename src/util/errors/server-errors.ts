/** Failures of the server: its database, configuration, users and API. */

import type { ErrorKind } from './error-kind.ts';

export const serverErrors = {
  'db.unreachable': {
    sentence: 'The database cannot be reached.',
    status: 503,
    exit: 1,
    hint: 'Look whether PostgreSQL runs and takes connections; Proteus goes on by itself when it is back.',
  },
  'db.invalid': {
    sentence: 'The database cannot be used by this version of Proteus.',
    status: 500,
    exit: 1,
    hint: 'Use the version that wrote it, or restore the backup that was made before it was migrated.',
  },
  'db.conflict': {
    sentence: 'Something with that name exists already.',
    status: 409,
    exit: 1,
    hint: 'Choose another name, or change what is there.',
  },
  'db.missing': {
    sentence: 'Something that was to be changed is not in the database any more.',
    status: 404,
    exit: 1,
    hint: 'Somebody may have deleted it meanwhile; list what is there and try again.',
  },
  'db.claimed': {
    sentence: 'Another server works on the same database.',
    status: 409,
    exit: 1,
    hint: 'End it first, or give this one a database of its own with --database.',
  },
  'builder.unknown': {
    sentence: 'There is no builder of that name.',
    status: 404,
    exit: 1,
    hint: '`proteus builder list` shows the builders and their names.',
  },
  'config.invalid': {
    sentence: 'The configuration is not right.',
    status: 500,
    exit: 2,
    hint: 'docs/reference/configuration.md lists every key with its form and default.',
  },
  'server.running': {
    sentence: 'Another server works on the same data directory.',
    status: 409,
    exit: 1,
    hint: 'End it first, or give this one a data directory of its own with --data-directory.',
  },
  'server.data-directory': {
    sentence: 'The data directory of the server cannot be used.',
    status: 500,
    exit: 1,
    hint: 'It must be writable for the user that the server runs as; --data-directory names another.',
  },
  'server.listen': {
    sentence: 'The server cannot listen on its address.',
    status: 500,
    exit: 1,
    hint: 'Choose another address with --listen, or end what listens there.',
  },
  'server.unreachable': {
    sentence: 'No Proteus server answers.',
    status: 502,
    exit: 1,
    hint: 'Start one with `proteus serve`, or say where it is with --server URL.',
  },
  'server.refused': {
    sentence: 'The server refused what was asked of it.',
    status: 400,
    exit: 1,
    hint: 'The message is the server’s own.',
  },
  'server.answer': {
    sentence: 'What answers under the address of the server is not a Proteus that this one understands.',
    status: 502,
    exit: 1,
    hint: 'Look whether the address is right, and whether client and server have the same version.',
  },
  'user.invalid': {
    sentence: 'A user cannot be made or changed like that.',
    status: 400,
    exit: 1,
    hint: 'See `proteus user create --help`.',
  },
  'user.unknown': {
    sentence: 'There is no user of that name.',
    status: 404,
    exit: 1,
    hint: '`proteus user list` shows the users.',
  },
  'access.hash-invalid': {
    sentence: 'A password hash is not in a form that Proteus can check.',
    status: 400,
    exit: 1,
    hint: 'Copy it whole from the database of Hydra, or set a password instead.',
  },
  'access.too-often': {
    sentence: 'There were too many failed logins.',
    status: 429,
    exit: 1,
    hint: 'Wait as long as the message says; programs should use a token instead of a password.',
  },
  'access.busy': {
    sentence: 'The server is busy checking passwords.',
    status: 503,
    exit: 1,
    hint: 'Try again in a few seconds; programs should use a token instead of a password.',
  },
  'api.invalid': {
    sentence: 'A request to the server is not in the form that is wanted.',
    status: 400,
    exit: 1,
    hint: 'The message says what is wanted; /api/openapi.json describes the API.',
  },
  'api.token-invalid': {
    sentence: 'The credentials of a request are not known to the server.',
    status: 401,
    exit: 1,
    hint: 'A token may have expired or been deleted: make a new one with `proteus token create`.',
  },
  'api.signature': {
    sentence: 'A webhook is not signed with a secret that the server knows.',
    status: 401,
    exit: 1,
    hint: 'Give the forge and the configuration of the server the same secret.',
  },
  'api.forbidden': {
    sentence: 'Whoever made a request may not do that.',
    status: 403,
    exit: 1,
    hint: 'Sign in as the owner of the project or as an administrator, or ask one for the role.',
  },
  'api.not-found': {
    sentence: 'The server has nothing of that name.',
    status: 404,
    exit: 1,
    hint: 'Look at the spelling; / lists the projects.',
  },
  'api.method': {
    sentence: 'An address of the server cannot be used with that method.',
    status: 405,
    exit: 1,
    hint: '/api/openapi.json says which method is for what.',
  },
  'api.conflict': {
    sentence: 'Something cannot be done as things are.',
    status: 409,
    exit: 1,
    hint: 'The message says what is in the way.',
  },
  'api.gone': {
    sentence: 'Something was there once, and has been garbage-collected.',
    status: 410,
    exit: 1,
    hint: 'Restart the build: that makes it again.',
  },
  'api.too-large': {
    sentence: 'A request is larger than the server takes.',
    status: 413,
    exit: 1,
    hint: 'Send less at a time.',
  },
  'up.checkout': {
    sentence: 'There is no git checkout that a server could follow.',
    status: 400,
    exit: 1,
    hint: 'Run it in a git checkout with the network file committed.',
  },
} as const satisfies Record<string, ErrorKind>;
