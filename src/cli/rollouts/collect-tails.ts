/** Keeps the last lines that were told of each host, for the end, where those of hosts that failed are shown again. */

import type { Emit } from '../../events/event.ts';

export interface Tails {
  readonly lines: ReadonlyMap<string, readonly string[]>;
  /** Takes note, and tells on. */
  readonly emit: Emit;
}

export function collectTails(emit: Emit, most = 20): Tails {
  const lines = new Map<string, string[]>();
  return {
    lines,
    emit(event) {
      const line =
        event.type === 'host.log'
          ? event.line
          : event.type === 'host.check' && !event.ok
            ? `${event.description}: Failed (${event.reason ?? ''})`
            : undefined;
      if (line !== undefined && 'host' in event) {
        const tail = lines.get(event.host) ?? [];
        tail.push(line);
        if (tail.length > most) tail.shift();
        lines.set(event.host, tail);
      }
      emit(event);
    },
  };
}
