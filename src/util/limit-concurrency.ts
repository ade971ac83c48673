/** Lets so many pieces of work run at a time; others wait in line, and when the line is long they are turned away. */

export interface ConcurrencyLimits {
  readonly running: number;
  readonly waiting: number;
  /** What the one is told that finds the line too long. */
  readonly refuse: () => Error;
}

/** Runs what it is given, in the order it came, within the limits. Rejects with what `refuse` says, or as the work does. */
export function limitConcurrency(limits: ConcurrencyLimits): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const line: (() => void)[] = [];
  return async (work) => {
    if (running < limits.running) running += 1;
    else if (line.length < limits.waiting) await new Promise<void>((resolve) => line.push(resolve));
    else throw limits.refuse();
    try {
      return await work();
    } finally {
      // The place is handed on without ever being free, so that no newcomer slips in before the first in line.
      const next = line.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
