/**
 * Sends a NAR, or a part of one, whose source gives the last piece only when all was right. When the source fails
 * half-way, the connection is cut and the client sees a short body, never a whole wrong one. While nothing has been sent
 * yet, the answer is 404 instead: clients then try their next substituter.
 *
 * Taking the next piece waits for the client (back-pressure), and ends as soon as the client goes away or has taken
 * nothing for `stallTimeoutMs`.
 */

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setImmediate as yieldToOthers } from 'node:timers/promises';

export interface NarToSend {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** What to send; every piece is a buffer of its own, not used again by the source. */
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly stallTimeoutMs: number;
}

export type NarOutcome =
  | { readonly result: 'sent' | 'client-gone' }
  /** Nothing was sent, not even a status: the caller answers. */
  | { readonly result: 'unsent'; readonly error: unknown }
  /** The connection was cut. */
  | { readonly result: 'cut'; readonly error: unknown };

/** Sends it to the end or destroys the response. Never throws. */
export async function sendNar(res: ServerResponse, nar: NarToSend): Promise<NarOutcome> {
  try {
    const last = await sendAllButLast(res, nar);
    if (last === undefined) return { result: 'client-gone' };
    if (!res.headersSent) res.writeHead(nar.status, nar.headers);
    res.end(last);
    return { result: (await finished(res, nar.stallTimeoutMs)) ? 'sent' : 'client-gone' };
  } catch (error) {
    if (!res.headersSent) return { result: 'unsent', error };
    res.destroy();
    return { result: 'cut', error };
  }
}

/** One piece is held back, so that the headers of an empty body are sent, and the last one ends the response. */
async function sendAllButLast(res: ServerResponse, nar: NarToSend): Promise<Uint8Array | undefined> {
  let held: Uint8Array = new Uint8Array(0);
  for await (const piece of nar.pieces) {
    if (res.destroyed) return undefined;
    if (piece.length > 0) {
      if (held.length > 0 && !(await write(res, nar, held))) return undefined;
      held = piece;
    }
    // A source that always has the next piece ready must not keep others from their turn.
    await yieldToOthers();
  }
  return held;
}

/** False when the client has gone. */
async function write(res: ServerResponse, nar: NarToSend, piece: Uint8Array): Promise<boolean> {
  if (res.destroyed) return false;
  if (!res.headersSent) res.writeHead(nar.status, nar.headers);
  return res.write(piece) || untilEvent(res, 'drain', nar.stallTimeoutMs);
}

async function finished(res: ServerResponse, stallTimeoutMs: number): Promise<boolean> {
  return res.writableFinished || untilEvent(res, 'finish', stallTimeoutMs);
}

/** True when the event came; false when the connection closed first, or was closed because nothing moved. */
function untilEvent(
  res: ServerResponse,
  event: 'drain' | 'finish',
  stallTimeoutMs: number,
): Promise<boolean> {
  if (res.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => res.destroy(), stallTimeoutMs);
    const settle = (came: boolean) => (): void => {
      clearTimeout(timer);
      res.off(event, onEvent);
      res.off('close', onClose);
      resolve(came);
    };
    const onEvent = settle(true);
    const onClose = settle(false);
    res.on(event, onEvent);
    res.on('close', onClose);
  });
}
