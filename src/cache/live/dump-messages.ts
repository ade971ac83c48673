/**
 * What the thread that serves requests and the threads that make NARs tell each other. A NAR comes in pieces, each
 * handed over without a copy, and only as many at a time as there are credits: the reader gives one back for each piece
 * it has sent, so a slow client holds a few pieces and nothing more.
 */

export interface DumpOrder {
  readonly path: string;
  /** What the database says, which the NAR must be: base 16 of its sha256, and bytes. */
  readonly narHash: string;
  readonly narSize: number;
  /** The part that is wanted, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  /** The tree's look when its hash was last found right (`tree-look.ts`): then it need not be hashed again. */
  readonly knownLook: string | undefined;
}

export type ToDumpThread =
  | { readonly type: 'start'; readonly id: number; readonly order: DumpOrder; readonly credits: number }
  | { readonly type: 'credit'; readonly id: number }
  | { readonly type: 'stop'; readonly id: number };

export type FromDumpThread =
  | { readonly type: 'piece'; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  /** All was right. The last piece comes only before this, never before it is known. */
  | { readonly type: 'end'; readonly id: number; readonly look: string }
  /** `code` of an AppError. */
  | { readonly type: 'failed'; readonly id: number; readonly code: string; readonly message: string };
