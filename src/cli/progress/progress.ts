/** A display of the event stream. The drivers are `plain` (lines), `live` (a terminal) and `json` (scripts). */

import type { Writable } from 'node:stream';
import type { ServerEvent } from '../../events/event.ts';

export interface Progress {
  readonly emit: (event: ServerEvent) => void;
  /** Where lines for people go while the display is on: the live one must take its block away first. */
  readonly stderr: Writable;
  /** Ends the display; may be called twice. */
  close(): void;
}
