/** Failures of formats, stores and programs that are started. */

import type { ErrorKind } from './error-kind.ts';

export const storeErrors = {
  'hash.invalid': {
    sentence: 'A hash is not in any spelling Nix knows.',
    status: 400,
    exit: 1,
    hint: 'Give it as sha256:<base16 or nix32>, or as sha256-<base64>.',
  },
  'store-path.invalid': {
    sentence: 'A text is not a valid Nix store path.',
    status: 400,
    exit: 1,
    hint: 'A store path looks like /nix/store/<32 characters>-<name>.',
  },
  'nix.derivation-invalid': {
    sentence: 'A text is not a derivation that Proteus can read.',
    status: 400,
    exit: 1,
    hint: 'Instantiate it again; if that gives the same file, please report it with the file.',
  },
  'nix.nar-invalid': {
    sentence: 'An archive is not a valid NAR.',
    status: 400,
    exit: 1,
    hint: 'It was cut or changed on its way; fetch or make it again with `nix-store --dump`.',
  },
  'nix.narinfo-invalid': {
    sentence: 'A text is not a valid narinfo.',
    status: 400,
    exit: 1,
    hint: 'Ask whoever runs that binary cache, or upload the path again.',
  },
  'nix.key-invalid': {
    sentence: 'A text is not a signing key or public key of a binary cache.',
    status: 400,
    exit: 1,
    hint: 'A key is <name>:<base64>; make a pair with `nix-store --generate-binary-cache-key`.',
  },
  'nix.machines-invalid': {
    sentence: 'A list of build machines is not in the form of /etc/nix/machines.',
    status: 400,
    exit: 1,
    hint: 'A line is <URI> <systems> <ssh key> <jobs> <speed> <features> <mandatory features> <host key>, with - for a default.',
  },
  'store.unreachable': {
    sentence: 'A Nix store cannot be reached, or the connection to it broke.',
    status: 502,
    exit: 1,
    hint: 'Look whether its nix-daemon runs and whether ssh gets there; the message has the last lines that came.',
  },
  'store.protocol': {
    sentence: 'What answers for a Nix store does not speak a protocol that Proteus knows.',
    status: 502,
    exit: 1,
    hint: 'Nix 2.4 or newer is needed there, and a login shell that prints nothing by itself.',
  },
  'store.refused': {
    sentence: 'A Nix store refused what was asked of it.',
    status: 422,
    exit: 1,
    hint: 'The message is what its daemon said; `trusted-users` and signatures are the usual reasons.',
  },
  'store.path-missing': {
    sentence: 'A store path is not valid in the store it was wanted from.',
    status: 404,
    exit: 1,
    hint: 'Build it, or copy it there first; it may have been garbage-collected.',
  },
  'store.corrupt': {
    sentence: 'The content of a store path is not what the store says it is.',
    status: 500,
    exit: 1,
    hint: 'Run `nix-store --verify --check-contents --repair` on the machine it came from.',
  },
  'store.database': {
    sentence: 'The database of the local Nix store cannot be read.',
    status: 500,
    exit: 1,
    hint: 'Check that Nix is installed here and that /nix/var/nix/db/db.sqlite is readable.',
  },
  'store.uri': {
    sentence: 'The address of a Nix store is not in a form that Proteus knows.',
    status: 400,
    exit: 2,
    hint: 'Use local, daemon, unix:///path or ssh-ng://[user@]host[:port].',
  },
  'process.failed': {
    sentence: 'A program that Proteus started failed.',
    status: 500,
    exit: 1,
    hint: 'Its last lines of output are in the message; run the command by hand to see all of it.',
  },
  'process.missing': {
    sentence: 'A program that is needed is not installed.',
    status: 500,
    exit: 1,
    hint: 'Install it and try again; `proteus doctor` lists all that is needed.',
  },
  'process.timeout': {
    sentence: 'A program took longer than it may.',
    status: 504,
    exit: 1,
    hint: 'Raise the time limit, or find out what it waits for.',
  },
  'process.silent': {
    sentence: 'A program printed nothing for longer than it may.',
    status: 504,
    exit: 1,
    hint: 'Raise the silence limit, or find out what it waits for.',
  },
} as const satisfies Record<string, ErrorKind>;
