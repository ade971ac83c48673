/** A line of pieces between who gets them and who uses them. */

export interface PieceQueue extends AsyncIterable<Uint8Array> {
  push(piece: Uint8Array): void;
  end(): void;
  /** Whoever waits for a piece, or asks for one later, gets this error. */
  fail(error: Error): void;
}

/** `onUsed`: told when the next piece is asked for, so the one before is not needed any more. */
export function createPieceQueue(onUsed: () => void): PieceQueue {
  const pieces: Uint8Array[] = [];
  let end: { readonly error?: Error } | undefined;
  let wake = (): void => {};
  const finish = (how: { readonly error?: Error }): void => {
    end ??= how;
    wake();
  };
  return {
    push(piece) {
      pieces.push(piece);
      wake();
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        if (end?.error !== undefined) throw end.error;
        const piece = pieces.shift();
        if (piece !== undefined) {
          yield piece;
          onUsed();
        } else if (end !== undefined) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}
