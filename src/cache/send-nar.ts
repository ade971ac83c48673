/**
 * Sends a NAR, or a part of one, whose source gives the last piece only when all was right. When the source fails
 * half-way, the connection is cut and the client sees a short body, never a whole wrong one. While nothing has been sent
 * yet, the answer is 404 instead: clients then try their next substituter.
 *
 * The next piece is asked for when the one before has left (back-pressure), and nothing more is asked for when the client
 * goes away or has taken nothing for `stallTimeoutMs`.
 */

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Turns } from './create-turns.ts';

export interface NarToSend {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** What to send; a piece need not stay as it is once the next one is asked for. */
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly stallTimeoutMs: number;
  /** Shared by all that is sent. */
  readonly turns: Turns;
}

export type NarOutcome =
  | { readonly result: 'sent' | 'client-gone' }
  /** Nothing was sent, not even a status: the caller answers. */
  | { readonly result: 'unsent'; readonly error: unknown }
  /** The connection was cut. */
  | { readonly result: 'cut'; readonly error: unknown };

/** Sends it to the end or destroys the response. Never throws. */
export async function sendNar(res: ServerResponse, nar: NarToSend): Promise<NarOutcome> {
  const writer = createWriter(res, nar.stallTimeoutMs);
  try {
    for await (const piece of nar.pieces) {
      if (res.destroyed) return { result: 'client-gone' };
      if (piece.length > 0) {
        if (!res.headersSent) res.writeHead(nar.status, nar.headers);
        if (!(await writer.write(piece))) return { result: 'client-gone' };
      }
      await nar.turns();
    }
    if (res.destroyed) return { result: 'client-gone' };
    if (!res.headersSent) res.writeHead(nar.status, nar.headers);
    return { result: (await writer.end()) ? 'sent' : 'client-gone' };
  } catch (error) {
    if (!res.headersSent) return { result: 'unsent', error };
    res.destroy();
    return { result: 'cut', error };
  } finally {
    writer.close();
  }
}

interface Writer {
  /** True when all of it has left this process; false when the connection has closed. */
  write(piece: Uint8Array): Promise<boolean>;
  end(): Promise<boolean>;
  close(): void;
}

/** One timer and one listener for all pieces, since there are thousands of them. */
function createWriter(res: ServerResponse, stallTimeoutMs: number): Writer {
  let settle: ((left: boolean) => void) | undefined;
  const stalled = setTimeout(() => {
    // While the source takes its time, the client is not to blame.
    if (settle === undefined) stalled.refresh();
    else res.destroy();
  }, stallTimeoutMs);
  const done = (left: boolean): void => {
    const waiting = settle;
    settle = undefined;
    waiting?.(left);
  };
  const onClose = (): void => done(false);
  res.on('close', onClose);
  const leave = (begin: (then: (error?: Error | null) => void) => void): Promise<boolean> => {
    if (res.destroyed) return Promise.resolve(false);
    return new Promise((resolve) => {
      settle = resolve;
      stalled.refresh();
      begin((error) => done(error === undefined || error === null));
    });
  };
  return {
    write: (piece) => leave((then) => void res.write(piece, then)),
    end: () => leave((then) => void res.end(() => then())),
    close() {
      clearTimeout(stalled);
      res.off('close', onClose);
    },
  };
}
