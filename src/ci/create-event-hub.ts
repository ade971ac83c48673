/**
 * The event stream of a running server (`event-hub.ts`): a ring of the latest events, bounded by the bytes of their
 * JSON, and any number of listeners, each with a place in it. A listener waits only when it has heard everything; one
 * that the ring has overtaken is told how many events it lost and goes on with the oldest that is left.
 */

import type { ServerEvent } from '../events/event.ts';
import type { EventHub, NumberedEvent } from './event-hub.ts';

export interface EventHubOptions {
  /**
   * The number of the first event. Numbers must grow over restarts, so that a client which comes back with the number
   * of an event of an earlier server is told that it lost some.
   */
  readonly firstId?: number;
  /** How much is remembered. Default 8 MiB. */
  readonly maxBytes?: number;
}

export function createEventHub(options: EventHubOptions = {}): EventHub {
  const { firstId = 1, maxBytes = 8 * 1024 * 1024 } = options;
  const waiting = new Set<() => void>();
  /** By id: ids are consecutive, so it is a queue whose oldest is the first of the keys. */
  const ring = new Map<number, NumberedEvent>();
  let oldestId = firstId;
  let nextId = firstId;
  let bytes = 0;

  const heardOf = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
    });

  async function* hear(
    from: number,
    signal: AbortSignal,
    wants: ((event: ServerEvent) => boolean) | undefined,
  ): AsyncGenerator<NumberedEvent | { readonly lost: number }> {
    let at = from;
    if (at > nextId) {
      // A number from the future: the clock that began our numbers went back. How much was lost cannot be known.
      at = oldestId;
      yield { lost: 0 };
    }
    while (!signal.aborted) {
      if (at < oldestId) {
        const lost = oldestId - at;
        at = oldestId;
        yield { lost };
        continue;
      }
      const event = ring.get(at);
      if (event === undefined) {
        await heardOf(signal);
        continue;
      }
      at += 1;
      if (wants === undefined || wants(event.event)) yield event;
    }
  }

  return {
    emit(event: ServerEvent): void {
      const json = JSON.stringify(event);
      ring.set(nextId, { id: nextId, event, json });
      nextId += 1;
      bytes += json.length;
      for (const [id, { json: old }] of ring) {
        // The newest stays whatever its size: somebody may wait for it.
        if (bytes <= maxBytes || id === nextId - 1) break;
        ring.delete(id);
        bytes -= old.length;
        oldestId = id + 1;
      }
      for (const wake of [...waiting]) wake();
    },
    listen: ({ signal, lastId, wants }) => hear(lastId === undefined ? nextId : lastId + 1, signal, wants),
  };
}
