/** A binary heap: the item that comes first by `before` is found at once, adding and taking cost the logarithm. */

export interface Heap<T> {
  readonly size: number;
  push(item: T): void;
  peek(): T | undefined;
  pop(): T | undefined;
  /** All of them, in no order. */
  [Symbol.iterator](): Iterator<T>;
}

export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];

  /** Moves what is above down until `item` fits at or above `index`. */
  const rise = (item: T, index: number): void => {
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent];
      if (above === undefined || !before(item, above)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  };
  /** Moves what is below up until `item` fits at or below the top. */
  const sink = (item: T): void => {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let below = items[child];
      if (below === undefined) break;
      const right = items[child + 1];
      if (right !== undefined && before(right, below)) {
        child += 1;
        below = right;
      }
      if (!before(below, item)) break;
      items[at] = below;
      at = child;
    }
    items[at] = item;
  };

  return {
    get size() {
      return items.length;
    },
    push(item) {
      items.push(item);
      rise(item, items.length - 1);
    },
    peek: () => items[0],
    pop() {
      const first = items[0];
      const last = items.pop();
      if (last !== undefined && items.length > 0) sink(last);
      return first;
    },
    [Symbol.iterator]: () => items.values(),
  };
}
