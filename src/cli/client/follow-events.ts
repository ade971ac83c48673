/**
 * The event stream of a server, for as long as somebody listens. When the connection breaks it is made again, and goes
 * on after the last event that was heard; what the server has forgotten meanwhile is told as `lost`.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ServerEvent } from '../../events/event.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiClient } from './api-client.ts';
import { isServerEvent } from './is-server-event.ts';
import { parseEventStream } from './parse-event-stream.ts';

export type Followed =
  | { readonly type: 'event'; readonly event: ServerEvent }
  | { readonly type: 'lost'; readonly count: number }
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly why: string };

export interface FollowOptions {
  readonly client: Pick<ApiClient, 'open'>;
  readonly signal: AbortSignal;
  readonly retryMs?: number;
}

const longestPauseMs = 10_000;
const lostSchema = z.object({ lost: z.int() });

/** Until the signal fires. Throws when the first connection fails, or the server refuses us. */
export async function* followEvents({
  client,
  signal,
  retryMs = 500,
}: FollowOptions): AsyncGenerator<Followed> {
  let lastId: string | undefined;
  let everConnected = false;
  let pause = retryMs;
  while (!signal.aborted) {
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
      };
      const body = await client.open('/api/v1/events', headers, signal);
      everConnected = true;
      pause = retryMs;
      yield { type: 'connected' };
      for await (const { id, type, data } of parseEventStream(body)) {
        const value: unknown = JSON.parse(data);
        if (type === 'lost') yield { type: 'lost', count: lostSchema.parse(value).lost };
        else if (isServerEvent(value)) yield { type: 'event', event: value };
        lastId = id ?? lastId;
      }
      if (!signal.aborted) yield { type: 'disconnected', why: 'the server has closed the connection' };
    } catch (error) {
      if (signal.aborted) return;
      const isGone = error instanceof AppError && error.code === 'server.unreachable';
      // What breaks while the stream is read is no `AppError`.
      if (error instanceof AppError && (!everConnected || !isGone)) throw error;
      if (!(error instanceof AppError) && !(error instanceof TypeError)) throw error;
      yield { type: 'disconnected', why: error.message };
    }
    await delay(pause, undefined, { signal }).catch(() => {});
    pause = Math.min(pause * 2, longestPauseMs);
  }
}
