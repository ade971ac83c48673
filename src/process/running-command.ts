/** A command that runs, on this machine or another: its streams, its end, and how to end it. */

import type { Readable, Writable } from 'node:stream';

export interface ProcessExit {
  /** Null when a signal ended it, or the connection to where it ran is gone. */
  readonly code: number | null;
  /** `SIGTERM` and the like. */
  readonly signal: string | null;
}

export interface RunningCommand extends AsyncDisposable {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the command has ended and all its output is here; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Ends it, or leaves it to itself on another machine. Settles once it is no more ours; may be called any number of times. */
  kill(): Promise<void>;
}
