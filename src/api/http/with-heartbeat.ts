/** Puts a sign of life between items that are long in coming, so that neither end takes the connection for dead. */

import { setTimeout as sleep } from 'node:timers/promises';

export async function* withHeartbeat<T>(
  items: AsyncIterable<T>,
  everyMs: number,
  signal: AbortSignal,
): AsyncGenerator<T | 'heartbeat', void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    while (!signal.aborted) {
      const timer = new AbortController();
      const beat = sleep(everyMs, 'heartbeat' as const, { signal: timer.signal }).catch(
        () => 'heartbeat' as const,
      );
      const first = await Promise.race([next, beat]);
      timer.abort();
      if (first === 'heartbeat') {
        yield first;
        continue;
      }
      if (first.done === true) return;
      yield first.value;
      next = iterator.next();
    }
  } finally {
    // Not awaited: it may be waiting for an item, which the signal ends.
    iterator.return?.().then(undefined, () => {});
  }
}
