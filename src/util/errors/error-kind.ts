/** What the catalogue says of one way to fail. */

export interface ErrorKind {
  /** What went wrong, in one plain sentence. */
  readonly sentence: string;
  /** HTTP status when it leaves through the API. */
  readonly status: number;
  /** Exit code of the CLI: 1 failed, 2 wrong usage, 130 interrupted. */
  readonly exit: number;
  /** What the reader can do about it. */
  readonly hint: string;
}
