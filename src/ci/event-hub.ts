/**
 * The server's event stream: every event gets a number, and any number of listeners hear it. Listeners that lag are
 * told so (`lost`) rather than held in memory without end. An event is encoded once, however many listen.
 */

import type { ServerEvent } from '../events/event.ts';

export interface NumberedEvent {
  readonly id: number;
  readonly event: ServerEvent;
  /** The event as JSON. */
  readonly json: string;
}

export interface EventHub {
  emit(event: ServerEvent): void;
  /**
   * Events after `lastId` that are still remembered, then new ones, until the signal fires. Without it, all that is told from
   * this call on.
   */
  listen(options: {
    readonly signal: AbortSignal;
    readonly lastId?: number | undefined;
    readonly wants?: ((event: ServerEvent) => boolean) | undefined;
  }): AsyncIterable<NumberedEvent | { readonly lost: number }>;
}
