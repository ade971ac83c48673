/** Failures of uploading to binary caches, and of those caches' tokens. */

import type { ErrorKind } from './error-kind.ts';

export const uploadErrors = {
  'cache.unauthorized': {
    sentence: 'A binary cache wants a token, and a request has none that it knows.',
    status: 401,
    exit: 1,
    hint: 'Make one with `proteus cache token create CACHE NAME`, and give it as password, with any user name, or as Bearer.',
  },
  'cache.forbidden': {
    sentence: 'A token of a binary cache is not good for what was asked.',
    status: 403,
    exit: 1,
    hint: 'Make one that may: `proteus cache token create CACHE NAME --push`.',
  },
  'cache.unknown': {
    sentence: 'There is no binary cache of that name.',
    status: 404,
    exit: 1,
    hint: '`proteus cache list` shows the caches; `proteus cache create` makes one.',
  },
  'cache.invalid': {
    sentence: 'A binary cache cannot be made or used like that.',
    status: 400,
    exit: 1,
    hint: 'See the --help of the command; docs/caches.md tells of caches.',
  },
  'cache.too-large': {
    sentence: 'An upload to a binary cache is larger than it may be.',
    status: 413,
    exit: 1,
    hint: 'Raise `uploads.file` and `uploads.nar` in the configuration of the server, or upload less.',
  },
  'cache.log-corrupted': {
    sentence: 'A log that was uploaded to a binary cache is damaged or gone.',
    status: 500,
    exit: 1,
    hint: 'Remove it with `proteus cache scrub`, and upload it again: `nix store copy-log --to URL`.',
  },
  'cache.encoding': {
    sentence: 'An upload is compressed in a way that the cache cannot read.',
    status: 415,
    exit: 1,
    hint: 'Upload with compression=zstd or xz, and without narinfo-compression.',
  },
  'cache.quota': {
    sentence: 'A binary cache has no room left for an upload.',
    status: 507,
    exit: 1,
    hint: 'Delete what is not wanted any more, or raise its quota: `proteus cache edit NAME --quota SIZE`.',
  },
} as const satisfies Record<string, ErrorKind>;
