/**
 * A response body out of pieces that are made when the client takes them. When the client goes away the signal fires,
 * which must end whatever the pieces are waited for.
 */

export function streamBytes(
  make: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
): ReadableStream<Uint8Array> {
  const controller = new AbortController();
  let pieces: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(stream) {
        pieces ??= make(controller.signal)[Symbol.asyncIterator]();
        try {
          const { done, value } = await pieces.next();
          if (done === true) stream.close();
          else stream.enqueue(value);
        } catch (error) {
          // After a cancel nobody is there to be told.
          if (!controller.signal.aborted) stream.error(error);
        }
      },
      cancel() {
        controller.abort();
        // Not awaited: it may be waiting for what the signal has just ended.
        pieces?.return?.().then(undefined, () => {});
      },
    },
    { highWaterMark: 0 },
  );
}
