/**
 * Writing the worker protocol to a stream: what is encoded is collected and goes out with `flush`, which waits while
 * the other end does not keep up.
 */

import type { Writable } from 'node:stream';
import { AppError } from '../util/app-error.ts';
import { WireEncoder } from './wire-encoder.ts';

/** Writes in order to one stream; one `flush` or `send` at a time. Errors: `store.unreachable` when it is closed. */
export class WireWriter extends WireEncoder {
  readonly #stream: Writable;
  #closed: AppError | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Writable) {
    super();
    this.#stream = stream;
    stream.on('drain', () => this.#notify());
    stream.on('close', () => this.#finish());
    stream.on('error', (cause) => this.#finish(cause));
  }

  /** The error that writes end in, once the stream is closed. */
  get closed(): AppError | undefined {
    return this.#closed;
  }

  /** Sends what is collected; settles when there is room for more. */
  async flush(): Promise<void> {
    if (this.pending > 0) await this.#write(this.take());
  }

  /** Sends what is collected and then `bytes`, uncopied: they must not be changed afterwards. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.pending === 0) return this.#write(bytes);
    this.#stream.cork();
    if (this.#closed === undefined) this.#stream.write(this.take());
    const sent = this.#write(bytes);
    this.#stream.uncork();
    await sent;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#stream.write(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#closed !== undefined) throw this.#closed;
  }

  #finish(cause?: Error): void {
    this.#closed ??= new AppError(
      'store.unreachable',
      cause === undefined ? 'the connection was closed' : `the connection broke: ${cause.message}`,
      { cause },
    );
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
