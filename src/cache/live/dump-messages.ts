/**
 * What the server that answers requests and the threads that make NARs tell each other.
 *
 * The bytes go through a ring of slots in memory that both see, one ring for each NAR under way. The thread fills a
 * free slot and says so; the slot is free again when the reader has sent what was in it. So a slow client holds one ring
 * and nothing more, no piece is copied or allocated, and rings are used again for the next NAR.
 */

export const slotBytes = 256 * 1024;
/** One that is sent, one that is filled, and two so that neither waits for the other. */
export const slotsPerRing = 4;

/** The slots of a ring. */
export function slotsOf(ring: SharedArrayBuffer): readonly Buffer[] {
  return Array.from({ length: ring.byteLength / slotBytes }, (_, slot) =>
    Buffer.from(ring, slot * slotBytes, slotBytes),
  );
}

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
  | {
      readonly type: 'start';
      readonly id: number;
      readonly order: DumpOrder;
      readonly ring: SharedArrayBuffer;
      /** How many of its slots may be used, from the first. */
      readonly slots: number;
      /** How many bytes of each may be used. */
      readonly bytes: number;
    }
  /** What was in the slot has been sent. */
  | { readonly type: 'free'; readonly id: number; readonly slot: number }
  | { readonly type: 'stop'; readonly id: number };

/** After one of the last three the thread does not touch the ring any more. */
export type FromDumpThread =
  | { readonly type: 'piece'; readonly id: number; readonly slot: number; readonly length: number }
  /** All was right. The last piece comes only together with this, never before it is known. */
  | { readonly type: 'end'; readonly id: number; readonly look: string }
  /** `code` of an AppError. */
  | { readonly type: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly type: 'stopped'; readonly id: number };
