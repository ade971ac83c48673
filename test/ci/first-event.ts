/** Waiting for an event in a list that grows: one that is there already counts too. */

interface Waiting<Event> {
  readonly events: readonly Event[];
  /** Called after each event that came. */
  readonly checks: Set<() => void>;
}

/** The first event of that type, from number `since` on, that matches. */
export function firstEvent<Event extends { readonly type: string }, Type extends Event['type']>(
  { events, checks }: Waiting<Event>,
  type: Type,
  match: (event: Extract<Event, { type: Type }>) => boolean = () => true,
  since = 0,
): Promise<Extract<Event, { type: Type }>> {
  return new Promise((resolve) => {
    let at = since;
    const check = (): void => {
      for (; at < events.length; at++) {
        const event = events[at];
        if (event?.type !== type) continue;
        const found = event as Extract<Event, { type: Type }>; // compared above
        if (!match(found)) continue;
        checks.delete(check);
        resolve(found);
        return;
      }
    };
    checks.add(check);
    check();
  });
}
