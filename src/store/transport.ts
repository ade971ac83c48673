/** Two byte streams to a daemon, and how to end them. */

import type { Readable, Writable } from 'node:stream';

export interface Transport {
  readonly input: Readable;
  readonly output: Writable;
  /** The last lines that were printed beside the protocol (ssh's errors), `''` when there were none. */
  diagnostics(): Promise<string>;
  /** Says goodbye and waits a moment for the other end to go; then like `destroy`. */
  close(): Promise<void>;
  /** Breaks it off now: a daemon that loses its client stops what it does for it. Settles once all is gone. */
  destroy(): Promise<void>;
}
