/**
 * A whole HTTP response in one buffer, made once and sent as it is, with only the 29 bytes of its `Date` written anew
 * when a second has passed. `HEAD` sends the first `headLength` bytes of it.
 */

import { keepAliveMs } from './keep-alive.ts';

const dateLength = 29;
const encoder = new TextEncoder();

export interface DatedResponse {
  readonly bytes: Buffer;
  /** Bytes of the status line and headers. */
  readonly headLength: number;
  readonly dateAt: number;
  /** The second whose date it bears. */
  second: number;
}

/**
 * `headers` without Date, Content-Length, Connection and Keep-Alive, which are added as `node:http` does it. The last two
 * are left out with `sayKept: false`: in HTTP/1.1 a connection is kept unless somebody says otherwise.
 */
export function datedResponse(
  status: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  { sayKept = true } = {},
): DatedResponse {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const before = `HTTP/1.1 ${status}\r\n${lines.join('')}Content-Length: ${body.length}\r\nDate: `;
  const kept = sayKept ? `Connection: keep-alive\r\nKeep-Alive: timeout=${keepAliveMs / 1000}\r\n` : '';
  const after = `\r\n${kept}\r\n`;
  const head = encoder.encode(`${before}${'-'.repeat(dateLength)}${after}`);
  return { bytes: Buffer.concat([head, body]), headLength: head.length, dateAt: before.length, second: 0 };
}

export interface Clock {
  /** Seconds since 1970, and the same as an HTTP date. Stays the same until `tick`. */
  readonly second: number;
  readonly date: Uint8Array;
}

export function httpClock(now: () => number): Clock & { tick(): void } {
  let second = 0;
  let date = new Uint8Array(dateLength);
  const tick = (): void => {
    const current = Math.floor(now() / 1000);
    if (current === second) return;
    second = current;
    date = encoder.encode(new Date(current * 1000).toUTCString());
  };
  tick();
  return {
    get second() {
      return second;
    },
    get date() {
      return date;
    },
    tick,
  };
}

/** The bytes to send now. A buffer that is still being sent may get a newer date on its way, which does no harm. */
export function bytesOf(response: DatedResponse, clock: Clock, head: boolean): Buffer {
  if (response.second !== clock.second) {
    response.bytes.set(clock.date, response.dateAt);
    response.second = clock.second;
  }
  return head ? response.bytes.subarray(0, response.headLength) : response.bytes;
}
