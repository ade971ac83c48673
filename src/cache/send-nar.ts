/**
 * Sends a NAR made on the fly from the live store, and never a whole wrong one.
 *
 * What has been sent cannot be taken back, so the last piece is held back until hash and size of everything read
 * agree with the database; when they do not, the connection is cut and the client sees a short body. While nothing
 * has been sent yet, the answer is 404 instead: clients then try their next substituter. A range is cut out of the
 * same stream: what lies before is read and hashed, but not sent.
 *
 * Reading waits for the client (back-pressure), yields to other requests after each piece, and ends as soon as the
 * client goes away or has taken nothing for `stallTimeoutMs`.
 */

import { createHash } from 'node:crypto';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { PathInfo } from '../store/store.ts';
import { AppError } from '../util/app-error.ts';
import type { ByteRange } from './parse-range.ts';

export interface NarToSend {
  readonly info: PathInfo;
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly range: ByteRange;
  /** The NAR; every piece is a buffer of its own, not used again by the source. */
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

/** The last piece of the range, once all is verified; undefined when the client has gone. */
async function sendAllButLast(res: ServerResponse, nar: NarToSend): Promise<Uint8Array | undefined> {
  const { info, range } = nar;
  const digest = createHash('sha256');
  let offset = 0;
  let held: Uint8Array = new Uint8Array(0);
  for await (const piece of nar.pieces) {
    if (res.destroyed) return undefined;
    digest.update(piece);
    const wanted = piece.subarray(Math.max(0, range.start - offset), Math.max(0, range.end - offset));
    offset += piece.length;
    if (offset > info.narSize) break;
    if (wanted.length > 0) {
      if (held.length > 0 && !(await write(res, nar, held))) return undefined;
      held = wanted;
    }
    await yieldToOthers();
  }
  const hash = digest.digest('hex');
  if (offset !== info.narSize || hash !== info.narHash) {
    throw new AppError(
      'cache.nar-corrupted',
      `${info.path} is damaged: the database says ${info.narSize} bytes of NAR with sha256 ${info.narHash}, ` +
        `on disk are ${offset > info.narSize ? `more than ${info.narSize}` : offset} bytes with ${hash}`,
    );
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
