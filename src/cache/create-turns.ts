/**
 * Shares the event loop between work that comes in small pieces (sending NARs) and everything else: in each turn of the
 * loop the pieces may take so many milliseconds together, and what is left waits for the next turn.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

export interface TurnsOptions {
  readonly budgetMs: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Resolves when the next piece may be done, at once within the budget. */
export type Turns = () => Promise<void> | undefined;

export function createTurns({ budgetMs, now }: TurnsOptions): Turns {
  /** When the first piece of this turn was done. */
  let began: number | undefined;

  const isSpent = (): boolean => {
    if (began !== undefined) return now() - began >= budgetMs;
    began = now();
    setImmediate(() => {
      began = undefined;
    });
    return false;
  };
  const wait = async (): Promise<void> => {
    do await nextTurn();
    while (isSpent());
  };
  return () => (isSpent() ? wait() : undefined);
}
