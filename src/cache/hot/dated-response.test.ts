import { describe, expect, it } from 'vitest';
import { bytesOf, type DatedResponse, datedResponse, httpClock } from './dated-response.ts';

const at = Date.UTC(2026, 10, 26, 23, 33, 28);

function sent(response: DatedResponse, isHead = false): string {
  return bytesOf(
    response,
    httpClock(() => at),
    isHead,
  ).toString();
}

describe('a dated response', () => {
  it('is a whole HTTP response with the date of its sending', () => {
    const response = datedResponse('200 OK', { 'Content-Type': 'text/x' }, Buffer.from('body'));

    expect(sent(response)).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 4\r\n' +
        'Date: Thu, 26 Nov 2026 23:33:28 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\nbody',
    );
  });

  it('need not say that the connection is kept', () => {
    const response = datedResponse('404 Not Found', {}, Buffer.from('x'), { sayKept: false });

    expect(sent(response)).toBe(
      'HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\nDate: Thu, 26 Nov 2026 23:33:28 GMT\r\n\r\nx',
    );
  });

  it('has no body for HEAD, but its length', () => {
    const response = datedResponse('200 OK', {}, Buffer.from('body'));
    const text = sent(response, true);

    expect(text).toMatch(/Content-Length: 4\r\n[\s\S]*\r\n\r\n$/);
  });

  it('follows the clock', () => {
    let now = at;
    const clock = httpClock(() => now);
    const response = datedResponse('200 OK', {}, Buffer.from(''));
    bytesOf(response, clock, false);
    now += 2000;
    clock.tick();

    expect(bytesOf(response, clock, false).toString()).toContain('23:33:30 GMT');
  });
});
