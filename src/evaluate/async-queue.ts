/** A queue between code that makes values when it can and one loop that takes them as they come. */
export class AsyncQueue<T> {
  readonly #values: T[] = [];
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};

  push(value: T): void {
    this.#values.push(value);
    this.#wake();
  }

  /** No value comes any more; those that are there are still taken. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The loop ends with this error at once. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  async *take(): AsyncGenerator<T> {
    while (true) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const value = this.#values.shift();
      if (value !== undefined) yield value;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
