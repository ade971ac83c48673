/**
 * The hand on a rollout while it is executed. `paused`: no further host is begun; `aborted`: neither, and hosts that are not
 * being activated yet are left alone, for good. Hosts that are being activated are always seen to their end.
 */

export interface RolloutControl {
  readonly state: 'running' | 'paused' | 'aborted';
  /** Who changed it last, for the journal. */
  readonly by?: string | undefined;
  /** Resolves when `state` is another one, or when the signal fires. */
  changed(signal: AbortSignal): Promise<void>;
}

/** For a rollout that nobody has a hand on. */
export const uncontrolled: RolloutControl = {
  state: 'running',
  changed: (signal) =>
    new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    }),
};
