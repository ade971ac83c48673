/**
 * Reads several streams at once that are wanted one after the other: while one is consumed, the next ones fill up to
 * a limit each. Nothing is started before the first is asked for.
 */

type Source = () => AsyncIterable<Uint8Array>;

export interface ReadAheadOptions {
  /** How many streams are read at once. */
  readonly streams: number;
  /** How many bytes a stream may have waiting. */
  readonly bytesEach: number;
}

/**
 * The same streams, to be read in their order, each one to its end. `close` ends those that are under way; it must be
 * called when not all are read.
 */
export function readAhead(
  sources: readonly Source[],
  options: ReadAheadOptions,
): { readonly streams: readonly Source[]; close(): void } {
  const queues: Queue[] = [];
  let closed = false;
  const startUpTo = (count: number): void => {
    while (!closed && queues.length < Math.min(count, sources.length)) {
      const source = sources[queues.length];
      if (source === undefined) return;
      const queue = new Queue(options.bytesEach);
      queues.push(queue);
      void queue.fill(source);
    }
  };
  return {
    streams: sources.map(
      (_, index) =>
        async function* () {
          startUpTo(index + options.streams);
          const queue = queues[index];
          if (queue !== undefined) yield* queue.read();
        },
    ),
    close: () => {
      closed = true;
      for (const queue of queues) queue.close();
    },
  };
}

/** One stream's chunks on their way from who fills it to who reads it. */
class Queue {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #end: { readonly error?: unknown } | undefined;
  #closed = false;
  #wakeReader: (() => void) | undefined;
  #wakeFiller: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async fill(source: Source): Promise<void> {
    try {
      for await (const chunk of source()) {
        this.#chunks.push(chunk);
        this.#bytes += chunk.length;
        this.#wakeReader?.();
        while (this.#bytes >= this.#limit && !this.#closed) {
          await new Promise<void>((resolve) => {
            this.#wakeFiller = resolve;
          });
        }
        if (this.#closed) break;
      }
      this.#end = {};
    } catch (error) {
      this.#end = { error };
    }
    this.#wakeReader?.();
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        this.#wakeFiller?.();
        yield chunk;
      } else if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#chunks.length = 0;
    this.#wakeFiller?.();
  }
}
