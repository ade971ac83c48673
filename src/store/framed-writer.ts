/**
 * A byte stream inside the worker protocol: frames of a u64 length and as many bytes, ended by a frame of length 0.
 * Small pieces are collected into one frame; large ones become frames of their own, uncopied.
 *
 * Source: libutil/serialise.hh (`FramedSink`).
 */

import { WireEncoder } from './wire-encoder.ts';
import type { WireWriter } from './wire-writer.ts';

/** A frame goes out when this much is collected; pieces from a quarter of it on are not collected at all. */
const frameBytes = 64 * 1024;

/** Encodes into frames on `writer`. Call `end` after the last piece. */
export class FramedWriter extends WireEncoder {
  readonly #writer: WireWriter;

  constructor(writer: WireWriter) {
    super();
    this.#writer = writer;
  }

  /** Adds bytes to the stream, uncopied when there are many: they must not be changed afterwards. */
  async send(bytes: Uint8Array): Promise<void> {
    if (bytes.length < frameBytes / 4) {
      this.raw(bytes);
      if (this.pending >= frameBytes) await this.flush();
      return;
    }
    await this.flush();
    await this.#writer.u64(bytes.length).send(bytes);
  }

  /** Sends what is collected, as one frame. */
  async flush(): Promise<void> {
    if (this.pending === 0) return;
    await this.#writer.u64(this.pending).send(this.take());
  }

  /** Sends the rest and the frame of length 0. */
  async end(): Promise<void> {
    await this.flush();
    await this.#writer.u64(0).flush();
  }
}
