import { setImmediate } from 'node:timers/promises';

/** Rows that are read at a time where many are read: on SQLite some ten milliseconds. */
const pageSize = 2000;

/** All items by the page. SQLite answers at once, so between pages everybody else gets a turn. */
export async function* inPages<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let start = 0; start < items.length; start += pageSize) {
    if (start > 0) await setImmediate();
    yield items.slice(start, start + pageSize);
  }
}
