/** SIGINT and SIGTERM as an AbortSignal. The first asks everything to end; a second one ends Proteus at once. */

export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

/** Listens until disposed; `onFirst` is told the signal's name. */
export function interruptSignal(onFirst: (name: string) => void): Interrupt {
  const controller = new AbortController();
  const listener = (name: NodeJS.Signals): void => {
    // The children die with us (see start-process.ts), so leaving at once leaves nothing behind.
    if (controller.signal.aborted) process.exit(130);
    onFirst(name);
    controller.abort();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of names) process.off(name, listener);
    },
  };
}
