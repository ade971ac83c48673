import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FastRequest, fastRequest, type HeaderMemory } from './fast-request.ts';

const hashPart = '7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72';
const fileHash = '0abc'.repeat(13);
const request = (line: string, ...headers: readonly string[]): string =>
  `${[line, ...headers].join('\r\n')}\r\n\r\n`;
const narinfo = `GET /${hashPart}.narinfo HTTP/1.1`;
const fresh = (): HeaderMemory => ({ approved: new Uint8Array(0) });
/** What is recognised at `at` of what came, in a buffer that holds more of the same from before. */
function take(text: string, memory = fresh(), at = 0): FastRequest | undefined {
  const length = Buffer.byteLength(text, 'latin1');
  const bytes = Buffer.from(text + request(narinfo, 'Host: a').repeat(3), 'latin1');
  const found: FastRequest = { kind: 'cache-info', head: false, nameAt: 0, nameEnd: 0, end: 0 };
  return fastRequest(bytes, at, length, memory, found) ? found : undefined;
}

describe('fastRequest', () => {
  it('takes what Nix sends for a narinfo', () => {
    const text = request(
      narinfo,
      'Host: cache.example.org',
      'User-Agent: curl/7.85.0 Nix/2.8.0',
      'Accept: */*',
      'Accept-Encoding: zstd, br, gzip, deflate, bzip2, xz',
    );

    expect(take(text)).toMatchObject({ kind: 'narinfo', nameAt: 5, head: false, end: text.length });
  });

  it('takes HEAD, and the cache info', () => {
    const head = request(`HEAD /${hashPart}.narinfo HTTP/1.1`, 'Host: a');
    const info = request('GET /nix-cache-info HTTP/1.1', 'Host: a', 'Connection: keep-alive');

    expect(take(head)).toMatchObject({ kind: 'narinfo', nameAt: 6, head: true });
    expect(take(info)).toMatchObject({ kind: 'cache-info', head: false, end: info.length });
  });

  it.each(['.nar', '.nar.zst', '.nar.xz'])('takes the file of a NAR that ends in %s', (ending) => {
    const name = fileHash + ending;
    const text = request(`GET /nar/${name} HTTP/1.1`, 'Host: a', 'X-Forwarded-For: 192.0.2.1');

    expect(take(text)).toEqual({
      kind: 'nar-file',
      head: false,
      nameAt: 9,
      nameEnd: 9 + name.length,
      end: text.length,
    });
  });

  it('takes requests one after the other from one piece of input', () => {
    const one = request(narinfo, 'Host: a');
    const memory = fresh();

    expect(take(one + one, memory)?.end).toBe(one.length);
    expect(take(one + one, memory, one.length)?.end).toBe(2 * one.length);
  });

  it.each([
    ['another method', request(`PUT /${hashPart}.narinfo HTTP/1.1`, 'Host: a')],
    ['HTTP/1.0', request(`GET /${hashPart}.narinfo HTTP/1.0`, 'Host: a')],
    ['a query', request(`GET /${hashPart}.narinfo?x HTTP/1.1`, 'Host: a')],
    ['an absolute URL', request(`GET http://a/${hashPart}.narinfo HTTP/1.1`, 'Host: a')],
    ['a letter that no hash has', request(`GET /${hashPart.replace('7', 'e')}.narinfo HTTP/1.1`, 'Host: a')],
    ['capitals', request(`GET /${hashPart.toUpperCase()}.narinfo HTTP/1.1`, 'Host: a')],
    ['no Host', request(narinfo, 'Accept: */*')],
    ['two Hosts', request(narinfo, 'Host: a', 'Host: b')],
    ['a body by length', request(narinfo, 'Host: a', 'Content-Length: 5')],
    ['a chunked body', request(narinfo, 'Host: a', 'Transfer-Encoding: chunked')],
    ['a range', request(narinfo, 'Host: a', 'Range: bytes=0-1')],
    ['a condition', request(narinfo, 'Host: a', 'If-None-Match: "x"')],
    ['credentials', request(narinfo, 'Host: a', 'Authorization: Basic eDp5')],
    ['the wish to close', request(narinfo, 'Host: a', 'Connection: close')],
    ['an upgrade', request(narinfo, 'Host: a', 'Connection: Upgrade, HTTP2-Settings')],
    ['an expectation', request(narinfo, 'Host: a', 'Expect: 100-continue')],
    ['a folded header', request(narinfo, 'Host: a', 'Accept: x', ' y')],
    ['space before the colon', request(narinfo, 'Host : a')],
    ['a header without a name', request(narinfo, 'Host: a', ': x')],
    ['a header without a colon', request(narinfo, 'Host: a', 'Accept')],
    ['a bare line feed', `${narinfo}\r\nHost: a\nContent-Length: 5\r\n\r\n`],
    ['a bare carriage return', `${narinfo}\r\nHost: a\rX: y\r\n\r\n`],
    ['a control character', request(narinfo, 'Host: a', 'Accept: \x00')],
    ['bytes beyond ASCII', request(narinfo, 'Host: a', 'Accept: \xe9')],
    ['no headers at all', request(narinfo)],
    ['headers without an end', `${narinfo}\r\nHost: a\r\n`],
    ['half a request line', `GET /${hashPart.slice(0, 20)}`],
    ['more headers than are usual', request(narinfo, 'Host: a', `Accept: ${'x'.repeat(3000)}`)],
    ['a file of another folder', request(`GET /nas/${fileHash}.nar.zst HTTP/1.1`, 'Host: a')],
    ['a file below another', request(`GET /nar/${fileHash}.nar/zst HTTP/1.1`, 'Host: a')],
    ['a file without its ending', request(`GET /nar/${fileHash} HTTP/1.1`, 'Host: a')],
    ['a file with a query', request(`GET /nar/${fileHash}.nar.zst?x HTTP/1.1`, 'Host: a')],
    ['a file whose hash is short', request(`GET /nar/${fileHash.slice(1)}.nar.zst HTTP/1.1`, 'Host: a')],
    [
      'a file whose hash has a letter that none has',
      request(`GET /nar/e${fileHash.slice(1)}.nar.zst HTTP/1.1`, 'Host: a'),
    ],
    ['a part of a file', request(`GET /nar/${fileHash}.nar.zst HTTP/1.1`, 'Host: a', 'Range: bytes=0-1')],
    ['half the name of a file', `GET /nar/${fileHash}.nar.z`],
    ['two spaces', request(`GET  /${hashPart}.narinfo HTTP/1.1`, 'Host: a')],
    ['an empty line first', `\r\n${request(narinfo, 'Host: a')}`],
  ])('leaves %s to the real parser', (_, text) => {
    expect(take(text)).toBeUndefined();
  });

  it('knows a header block again only when all of it is the same', () => {
    const memory = fresh();
    take(request(narinfo, 'Host: a'), memory);

    expect(take(request(narinfo, 'Host: a', 'Content-Length: 3'), memory)).toBeUndefined();
    expect(take(request(narinfo, 'Host: ab'), memory)).toBeDefined();
    expect(take(`${narinfo}\r\nHost: a\r\n`, memory)).toBeUndefined();
  });

  it.each([
    [narinfo, false],
    [narinfo, true],
    [`GET /nar/${fileHash}.nar.zst HTTP/1.1`, false],
    [`GET /nar/${fileHash}.nar.zst HTTP/1.1`, true],
  ])('never takes what has come only in part, whatever lies behind it (%s, known: %s)', (line, known) => {
    const text = request(line, 'Host: a', 'Accept: */*');
    const memory = fresh();
    if (known) take(text, memory);

    for (let cut = 0; cut < text.length; cut++) {
      // Behind what came lies the rest of it, left by another connection.
      const found: FastRequest = { kind: 'narinfo', head: false, nameAt: 0, nameEnd: 0, end: 0 };
      expect(fastRequest(Buffer.from(text), 0, cut, known ? memory : fresh(), found)).toBe(false);
    }
  });

  it('never takes a request that has been changed anywhere but in values that do not matter', () => {
    const whole = request(narinfo, 'Host: a', 'Accept: */*');
    const structure = new Set(['\r', '\n', ':', ' ']);

    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const changed = whole.slice(0, at) + String.fromCharCode(byte) + whole.slice(at + 1);
        const taken = take(changed);
        if (taken === undefined) return;
        // What was taken is a whole request whose lines are the same in number and names.
        expect(taken.end).toBe(changed.length);
        expect(changed.split('\r\n')).toHaveLength(whole.split('\r\n').length);
        const misread = structure.has(whole[at] ?? '') && !/[\t!-~ ]/.test(changed[at] ?? '');
        expect(changed === whole || !misread).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
