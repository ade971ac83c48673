/** The hand on a rollout that a server executes: what people ask of it while it runs. */

import type { RolloutControl } from '../../deploy/rollout/rollout-control.ts';

export interface RolloutHand extends RolloutControl {
  set(state: RolloutControl['state'], by: string): void;
}

export function createRolloutHand(initial: RolloutControl['state'], initialBy: string): RolloutHand {
  let state = initial;
  let by = initialBy;
  let turn = Promise.withResolvers<void>();

  return {
    get state() {
      return state;
    },
    get by() {
      return by;
    },
    async changed(signal) {
      if (signal.aborted) return;
      const ended = Promise.withResolvers<void>();
      const end = (): void => ended.resolve();
      signal.addEventListener('abort', end, { once: true });
      await Promise.race([turn.promise, ended.promise]);
      signal.removeEventListener('abort', end);
    },
    set(next, who) {
      if (next === state) return;
      state = next;
      by = who;
      turn.resolve();
      turn = Promise.withResolvers();
    },
  };
}
