/** Looks again and again at what other processes may have changed. What goes wrong is told once, until it goes right. */

export interface FollowingOptions {
  readonly everyMs: number;
  /** One at a time. */
  readonly follow: () => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

/** Disposing waits for what is under way. */
export function keepFollowing({ everyMs, follow, onFault }: FollowingOptions): AsyncDisposable {
  let running: Promise<void> | undefined;
  let isTold = false;
  let closed = false;

  const once = async (): Promise<void> => {
    try {
      await follow();
      isTold = false;
    } catch (error) {
      if (!isTold && !closed) onFault(error);
      isTold = true;
    } finally {
      running = undefined;
    }
  };
  const timer = setInterval(() => {
    running ??= once();
  }, everyMs).unref();

  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}
