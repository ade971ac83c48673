/**
 * What the thread that serves requests and the threads that work on NARs tell each other. A job is started, given pieces
 * where it takes any, and ended; it answers once. Every piece is answered with `taken`, so that nobody sends more than
 * can be used.
 */

/** Of sha256, base 16, and how many bytes it is of. */
export interface Digest {
  readonly hash: string;
  readonly size: number;
}

export interface CheckedNar {
  readonly file: Digest;
  readonly nar: Digest;
  /** Hash parts of store paths in it. */
  readonly mentions: readonly string[];
  /** Of the programs that it has debug information of. */
  readonly buildIds: readonly string[];
}

export interface NarJobs {
  /** Of the pieces. A piece may lie in shared memory, which can be used again when it is taken. */
  readonly hash: { readonly job: { readonly kind: 'hash' }; readonly result: Digest };
  readonly 'hash-file': {
    readonly job: { readonly kind: 'hash-file'; readonly file: string };
    readonly result: Digest;
  };
  /** One frame of zstd, out of shared memory. */
  readonly compress: {
    readonly job: { readonly kind: 'compress'; readonly bytes: Uint8Array; readonly level: number };
    readonly result: Uint8Array<ArrayBuffer>;
  };
  /** That the pieces are a packed NAR within the limits (`check-nar-file.ts`). */
  readonly check: {
    readonly job: {
      readonly kind: 'check';
      readonly compression: string;
      readonly maxNarBytes: number;
    };
    readonly result: CheckedNar;
  };
}

export type NarJob = NarJobs[keyof NarJobs]['job'];
export type ResultOf<Job extends NarJob> = NarJobs[Job['kind']]['result'];

export type ToNarThread =
  | { readonly type: 'start'; readonly id: number; readonly job: NarJob }
  | { readonly type: 'piece'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly id: number }
  | { readonly type: 'stop'; readonly id: number };

export type FromNarThread =
  | { readonly type: 'taken'; readonly id: number }
  | { readonly type: 'done'; readonly id: number; readonly result: NarJobs[keyof NarJobs]['result'] }
  /** `code` of an AppError. */
  | { readonly type: 'failed'; readonly id: number; readonly code: string; readonly message: string };
