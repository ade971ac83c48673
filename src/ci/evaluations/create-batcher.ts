/**
 * Writes what comes one by one in batches: the first at once, and what comes while a batch is written together in the
 * next. So nothing waits when little comes, and little is written when much does.
 */

export interface Batcher<T> {
  /** Resolves at once, or when so much is waiting that whoever adds should wait too. Rejects once a batch has failed. */
  add(item: T): Promise<void>;
  /** Resolves when everything is written; rejects with the first failure. */
  written(): Promise<void>;
}

export function createBatcher<T>(
  write: (batch: readonly T[]) => Promise<void>,
  limits: { readonly most?: number; readonly waiting?: number } = {},
): Batcher<T> {
  const { most = 500, waiting = 2000 } = limits;
  let items: T[] = [];
  let writing: Promise<void> | undefined;
  let failed = false;

  const writeAll = async (): Promise<void> => {
    while (items.length > 0) {
      const batch = items.slice(0, most);
      items = items.slice(most);
      await write(batch);
    }
    // Not after a failure, with which everything rejects from then on.
    writing = undefined;
  };

  const start = (): void => {
    writing ??= writeAll();
    writing.catch(() => {
      failed = true;
    });
  };

  return {
    async add(item) {
      items.push(item);
      start();
      if (failed || items.length >= waiting) await writing;
    },
    async written() {
      await writing;
    },
  };
}
