/**
 * Every way in which Proteus can fail, by code: one sentence for people, the HTTP status and the exit code it
 * maps to, and what to do next. An `AppError` always carries one of these codes; its own message adds what was
 * wanted, what came, and where. `docs/reference/errors.md` is generated from this table.
 */

interface ErrorKind {
  /** What went wrong, in one plain sentence. */
  readonly sentence: string;
  /** HTTP status when it leaves through the API. */
  readonly status: number;
  /** Exit code of the CLI: 1 failed, 2 wrong usage, 130 interrupted. */
  readonly exit: number;
  /** What the reader can do about it. */
  readonly hint: string;
}

export const errorCatalogue = {
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

export type ErrorCode = keyof typeof errorCatalogue;
