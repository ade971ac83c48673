/** One operation of the worker protocol as data: how its arguments are written and its result is read. */

import type { FramedWriter } from './framed-writer.ts';
import type { WireEncoder } from './wire-encoder.ts';
import type { WireReader } from './wire-reader.ts';

export interface Request<T> {
  /** Number of the operation. */
  readonly op: number;
  /** For messages: what is asked, and of which path. */
  readonly what: string;
  /** Oldest minor version of protocol 1 that has it; 32 when not said. */
  readonly since?: number;
  write(encoder: WireEncoder): void;
  /** Writes the framed stream that follows the arguments. */
  frames?(framed: FramedWriter): Promise<void>;
  /** `minor` is the negotiated version. */
  read(reader: WireReader, minor: number): Promise<T>;
}

/** The result of operations that answer with a 1 that means nothing. */
export async function readDone(reader: WireReader): Promise<void> {
  await reader.u64();
}

/** Of operations that answer with nothing at all. */
export async function readNothing(): Promise<void> {}
