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
