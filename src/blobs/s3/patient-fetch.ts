/**
 * `fetch` for a server that may accept connections and then say nothing. A request waits `silenceMs` for its answer, and
 * as long again for each next piece of it; one with a body has besides the time that this takes at `slowestUpload`. While
 * nobody asks for the next piece no time runs, so slow readers are welcome.
 *
 * The client that calls it has a way of its own to do things again, and knows no signals. So requests belong to a call
 * (`within`): its signal ends them, and once one of them has waited in vain all further ones of the same call fail at
 * once.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { formatDuration } from '../../util/format-duration.ts';

/** Bytes a millisecond of one request; several may be under way at a time. */
const slowestUpload = 128;

export interface PatientFetchOptions {
  readonly silenceMs: number;
  /** Ends all. */
  readonly closing: AbortSignal;
}

export interface PatientFetch {
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Runs what calls `fetch`. Rejects as soon as the signal fires. */
  within<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

interface Call {
  readonly signal: AbortSignal | undefined;
  /** What one of its requests has waited for in vain. */
  silent: Error | undefined;
}

export function createPatientFetch({ silenceMs, closing }: PatientFetchOptions): PatientFetch {
  const calls = new AsyncLocalStorage<Call>();

  return {
    async fetch(input, init) {
      const call = calls.getStore();
      if (call?.silent !== undefined) throw call.silent;
      const silence = new AbortController();
      const signals = [silence.signal, closing, call?.signal, init?.signal];
      const signal = AbortSignal.any(signals.filter((each) => each !== undefined && each !== null));
      const wait = async <T>(ms: number, what: string, work: Promise<T>): Promise<T> => {
        const timer = setTimeout(() => {
          const error = new Error(`${what} for ${formatDuration(ms)}`);
          if (call !== undefined) call.silent = error;
          silence.abort(error);
        }, ms);
        try {
          return await work;
        } finally {
          clearTimeout(timer);
        }
      };
      const answerMs = silenceMs + bodySize(init?.body) / slowestUpload;
      const response = await wait(answerMs, 'there was no answer', fetch(input, { ...init, signal }));
      return withBody(response, (read) => wait(silenceMs, 'nothing more came', read));
    },
    within(signal, work) {
      const working = calls.run({ signal, silent: undefined }, work);
      if (signal === undefined) return working;
      return new Promise((resolve, reject) => {
        const stop = (): void => reject(signal.reason);
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
        working.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
      });
    },
  };
}

/** The same answer, each piece of which is waited for with `wait`. */
function withBody(response: Response, wait: <T>(read: Promise<T>) => Promise<T>): Response {
  const reader = response.body?.getReader();
  if (reader === undefined) return response;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await wait(reader.read());
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}

/** 0 where it cannot be told. */
function bodySize(body: RequestInit['body']): number {
  if (body instanceof Blob) return body.size;
  if (typeof body === 'string') return body.length;
  return body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? body.byteLength : 0;
}
