/** Failures of evaluating, building, caching and deploying, and of the command line. */

import type { ErrorKind } from './error-kind.ts';

export const workErrors = {
  'jobset.declaration': {
    sentence: 'What a declarative project says of its jobsets is not right.',
    status: 400,
    exit: 1,
    hint: 'Nothing was changed. Mend the file of the declaration, or the job `jobsets` that makes it.',
  },
  'cache.no-key': {
    sentence: 'A binary cache was to be served without a signing key.',
    status: 500,
    exit: 1,
    hint: 'Make one with `nix-store --generate-binary-cache-key NAME SECRET-FILE PUBLIC-FILE`.',
  },
  'cache.duplicate-key': {
    sentence: 'Two signing keys of a binary cache have the same name.',
    status: 500,
    exit: 1,
    hint: 'Clients look keys up by name, so one of the two could never be trusted: give the newer key another name.',
  },
  'cache.key-invalid': {
    sentence: 'A signing key cannot be used.',
    status: 500,
    exit: 1,
    hint: 'A key file holds one line, NAME:BASE64, as `nix-store --generate-binary-cache-key` writes it.',
  },
  'cache.listen': {
    sentence: 'The binary cache cannot listen on its address.',
    status: 500,
    exit: 1,
    hint: 'Choose another port, or end what listens there.',
  },
  'cache.unreachable': {
    sentence: 'A binary cache cannot be reached.',
    status: 502,
    exit: 1,
    hint: 'Look at the address, and whether it answers: `proteus doctor --cache URL` says what is in the way.',
  },
  'cache.not-served': {
    sentence: 'The cache does not answer for a path that it should have.',
    status: 500,
    exit: 1,
    hint: 'The log of the server says what went wrong; it is tried again by itself.',
  },
  'cache.nar-corrupted': {
    sentence: 'What lies in the store is not what its database says.',
    status: 500,
    exit: 1,
    hint: 'Mend it with `nix-store --repair-path PATH`, or delete the path and let it be built again.',
  },
  'deploy.target-invalid': {
    sentence: 'A host cannot be reached under the address given for it.',
    status: 400,
    exit: 1,
    hint: 'Set deployment.targetHost, targetUser and targetPort of the host in the network file.',
  },
  'deploy.no-toplevel': {
    sentence: 'A host has no built system to deploy.',
    status: 400,
    exit: 1,
    hint: 'Build the host first; a host whose build failed cannot be deployed.',
  },
  'deploy.failed': {
    sentence: 'Something on a host failed while it was deployed.',
    status: 500,
    exit: 1,
    hint: 'Its last lines of output are above; log in to the host and look there.',
  },
  'deploy.connection-lost': {
    sentence: 'The connection to a host was lost.',
    status: 502,
    exit: 1,
    hint: 'Try `ssh` to the host by hand; what had begun there may still be running.',
  },
  'key.file': {
    sentence: 'A key file cannot be read or written.',
    status: 500,
    exit: 1,
    hint: 'Choose another file, or move the one that is there; a key is never overwritten.',
  },
  'deploy.not-built': {
    sentence: 'A deployment was not begun, because a host could not be built.',
    status: 409,
    exit: 1,
    hint: 'The error of that host is above; --on and --tagged leave hosts out.',
  },
  'build.derivation-missing': {
    sentence: 'A derivation that is to be built is not in the store.',
    status: 404,
    exit: 1,
    hint: 'Evaluate again: that writes the derivations anew.',
  },
  'network.invalid': {
    sentence: 'A file is not a network of hosts.',
    status: 400,
    exit: 1,
    hint: 'A network file is an attribute set with one NixOS module per host, in the form that Morph reads.',
  },
  'network.evaluation': {
    sentence: 'A network does not evaluate.',
    status: 422,
    exit: 1,
    hint: 'Mend the Nix file that the message names; --show-trace shows how Nix came to the error.',
  },
  'network.no-hosts': {
    sentence: 'No host of the network is selected.',
    status: 400,
    exit: 1,
    hint: 'See the selectors --on, --tagged, --every, --skip and --limit; the header tells what each left out.',
  },
  'evaluation.worker': {
    sentence: 'Nix cannot be used to evaluate.',
    status: 500,
    exit: 1,
    hint: 'Try `nix repl` by hand; `proteus doctor` checks the installation.',
  },
  'input.invalid': {
    sentence: 'The value of an input of a jobset is not in the form its type wants.',
    status: 400,
    exit: 1,
    hint: 'The message says the form that is wanted; mend the input in the settings of the jobset.',
  },
  'input.fetch': {
    sentence: 'An input of a jobset cannot be fetched.',
    status: 502,
    exit: 1,
    hint: 'Try the same by hand as the user that Proteus runs as: the address, the branch and the credentials.',
  },
  'usage.invalid': {
    sentence: 'The command line is not right.',
    status: 400,
    exit: 2,
    hint: 'See the --help of the command.',
  },
  interrupted: {
    sentence: 'The work was interrupted before it was done.',
    status: 499,
    exit: 130,
    hint: 'Run the same command again; what was finished is kept.',
  },
} as const satisfies Record<string, ErrorKind>;
