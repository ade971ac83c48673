/** Failures of keeping NARs: files, and the paths of caches. */

import type { ErrorKind } from './error-kind.ts';

export const storageErrors = {
  'blobs.full': {
    sentence: 'There is no space left where NARs are kept.',
    status: 507,
    exit: 1,
    hint: 'Make space there, or let what is not needed be deleted; nothing half-written is left behind.',
  },
  'blobs.unreachable': {
    sentence: 'The place where NARs are kept cannot be reached, read or written.',
    status: 503,
    exit: 1,
    hint: 'Look whether the folder is there and writable, or whether the S3 server answers and takes the keys.',
  },
  'blobs.missing': {
    sentence: 'A file that should be kept is not there.',
    status: 404,
    exit: 1,
    hint: '`proteus cache scrub` compares all files with what the database says of them.',
  },
  'cache.references-missing': {
    sentence: 'A path refers to others that the cache does not have.',
    status: 422,
    exit: 1,
    hint: 'Upload what it refers to first, or with it.',
  },
  'cache.references-undeclared': {
    sentence: 'A path mentions others of its cache that it does not say it refers to.',
    status: 422,
    exit: 1,
    hint:
      'Upload it as Nix built it. If its references were left out on purpose (unsafeDiscardReferences), the server takes it ' +
      'with `undeclared-references = "accept"` under [uploads].',
  },
  'cache.conflict': {
    sentence: 'The cache has this path with another content.',
    status: 409,
    exit: 1,
    hint: 'Paths of a cache never change; delete the path there first if the one that is there is wrong.',
  },
  'cache.upload-refused': {
    sentence: 'What was uploaded is not what it has to be.',
    status: 422,
    exit: 1,
    hint: 'The message says what is wrong with it; upload it again with `nix copy`.',
  },
} as const satisfies Record<string, ErrorKind>;
