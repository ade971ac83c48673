import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheContext } from './cache-context.ts';
import type { Turns } from './create-turns.ts';
import type { NarReply } from './nar-reply.ts';
import { sendNotFound } from './reply.ts';
import { sendNar } from './send-nar.ts';

export interface SendOptions {
  readonly stallTimeoutMs: number;
  readonly turns: Turns;
}

/** Sends the part of a NAR or file that was asked for, and counts what became of it. */
export async function sendCounted(
  req: IncomingMessage,
  res: ServerResponse,
  reply: NarReply,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  context: Pick<CacheContext, 'counters' | 'fault'>,
  { stallTimeoutMs, turns }: SendOptions,
): Promise<void> {
  const { counters } = context;
  counters.nars += 1;
  const { status, headers, range } = reply;
  const sent = await sendNar(res, { status, headers, pieces, stallTimeoutMs, turns });
  if (sent.result === 'sent') counters.narBytes += range.end - range.start;
  if (sent.result === 'cut') counters.narsCut += 1;
  if (sent.result === 'cut' || sent.result === 'unsent') context.fault(sent.error, req);
  if (sent.result === 'unsent') sendNotFound(res);
}
