/** Something that happens, for one that waits for it. */

export interface Waker {
  /** Resolves at the next `wake`; whoever looks at what happened takes it first, so that nothing is missed between. */
  next(): Promise<void>;
  readonly wake: () => void;
}

export function createWaker(): Waker {
  let { promise, resolve } = Promise.withResolvers<void>();
  return {
    next: () => promise,
    wake() {
      resolve();
      ({ promise, resolve } = Promise.withResolvers<void>());
    },
  };
}
