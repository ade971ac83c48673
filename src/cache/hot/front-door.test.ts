/**
 * The cache with and without its front door, over real connections: whatever bytes a client sends, and however they are
 * cut, both answer with the same bytes but for the date.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSecretKey } from '../../nix/signing-key.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import { createCacheHandler } from '../create-cache-handler.ts';
import { createHotServer } from './create-hot-server.ts';
import { keepAliveMs } from './keep-alive.ts';

const hash = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r';
const info: PathInfo = {
  path: parseStorePath(`/nix/store/${hash}-hello`),
  deriver: undefined,
  narHash: 'ab'.repeat(32),
  narSize: 96,
  references: [],
  registrationTime: 1,
  ultimate: true,
  signatures: [],
  contentAddress: '',
};
const nar = Buffer.from('n'.repeat(96));
const handler = createCacheHandler({
  source: { version: () => 1, mayHave: (part) => part === hash, lookup: () => info },
  store: { leaseTempRoots: async () => ({ add: async () => {}, [Symbol.asyncDispose]: async () => {} }) },
  dump: (_, { start, end }) => [nar.subarray(start, end)],
  keys: [generateSecretKey('cache-1')],
});

/** What stands behind the cache: says what it was asked, some of it slowly. */
function rest(req: IncomingMessage, res: ServerResponse): void {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const answer = (): void => void res.end(`${req.method} ${req.url} ${Buffer.concat(chunks).toString()}`);
    if (req.url?.startsWith('/slow')) setTimeout(answer, 40);
    else answer();
  });
}

async function listen(door?: { readonly inPlace: boolean }) {
  const http = createServer(
    { keepAliveTimeout: keepAliveMs, headersTimeout: 4000, maxHeaderSize: 16_384 },
    (req, res) => {
      if (!handler.tryServe(req, res)) rest(req, res);
    },
  );
  const hot = door && createHotServer({ http, answers: handler.hot, ...door });
  const server = hot?.server ?? http;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // a TCP server has no other kind of address
    async close() {
      server.close();
      (hot ?? http).closeAllConnections();
      await once(server, 'close');
    },
  };
}

let fast: Awaited<ReturnType<typeof listen>>;
let documented: Awaited<ReturnType<typeof listen>>;
let plain: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  fast = await listen({ inPlace: true });
  documented = await listen({ inPlace: false });
  plain = await listen();
});
afterAll(async () => {
  await fast.close();
  await documented.close();
  await plain.close();
});

/**
 * Sends the pieces, each as a packet of its own; all that came back until nothing more did, which is waited for the longer
 * while less than is expected has come.
 */
async function talk(port: number, pieces: readonly string[], expected = ''): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  let heard = Date.now();
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    heard = Date.now();
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  for (const [at, piece] of pieces.entries()) {
    if (at > 0) await sleep(8);
    socket.write(piece, 'latin1');
  }
  heard = Date.now();
  const said = (): string =>
    `${text.replace(/\r\nDate: [^\r]*/g, '\r\nDate: …')}${socket.closed ? '[closed]' : '[open]'}`;
  while (!socket.closed && Date.now() - heard < (said().length < expected.length ? 5000 : 150))
    await sleep(10);
  const all = said();
  socket.destroy();
  return all;
}

/** The answers with the door, in both its ways to read, and without, which must be the same one. */
async function both(...pieces: readonly string[]): Promise<string> {
  const [withDoor, second, without] = await Promise.all(
    [fast, documented, plain].map(({ port }) => talk(port, pieces)),
  );
  expect(withDoor).toBe(without);
  expect(second).toBe(without);
  return withDoor ?? '';
}

const statuses = (text: string): readonly number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n\r\n`;
const narinfo = `GET /${hash}.narinfo HTTP/1.1`;
const unknown = narinfo.replace(hash, '0'.repeat(32));
const known = lines(narinfo, 'Host: a');

describe('with and without the front door', () => {
  it.each([
    ['a hit', known, [200]],
    ['a miss', lines(unknown, 'Host: a'), [404]],
    ['HEAD', lines(narinfo.replace('GET', 'HEAD'), 'Host: a'), [200]],
    ['HEAD of a miss', lines(unknown.replace('GET', 'HEAD'), 'Host: a'), [404]],
    ['a miss at the end of a connection', lines(unknown, 'Host: a', 'Connection: close'), [404]],
    ['a miss of HTTP/1.0', lines(unknown.replace('1.1', '1.0')), [404]],
    ['a miss of HTTP/1.0 that stays', lines(unknown.replace('1.1', '1.0'), 'Connection: keep-alive'), [404]],
    ['the cache info', lines('GET /nix-cache-info HTTP/1.1', 'Host: a'), [200]],
    ['a NAR', lines(`GET /nar/${hash}.nar HTTP/1.1`, 'Host: a'), [200]],
    ['a part of a NAR', lines(`GET /nar/${hash}.nar HTTP/1.1`, 'Host: a', 'Range: bytes=5-9'), [206]],
    ['an end of the connection', lines(narinfo, 'Host: a', 'Connection: close'), [200]],
    ['keep-alive in so many words', lines(narinfo, 'Host: a', 'Connection: Keep-Alive'), [200]],
    ['HTTP/1.0', lines(narinfo.replace('1.1', '1.0')), [200]],
    ['HTTP/1.0 that stays', lines(narinfo.replace('1.1', '1.0'), 'Connection: keep-alive'), [200]],
    ['HTTP/0.9', `GET /${hash}.narinfo\r\n\r\n`, [200]],
    ['HTTP/2 over plain text', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
    ['a URL with its host', lines(`GET http://a/${hash}.narinfo HTTP/1.1`, 'Host: a'), [200]],
    ['an escaped letter', lines(narinfo.replace('5k', '%35k'), 'Host: a'), [200]],
    ['an escaped slash', lines(narinfo.replace('/5k', '%2f5k'), 'Host: a'), [400]],
    ['a query', lines(narinfo.replace('.narinfo', '.narinfo?x=1'), 'Host: a'), [200]],
    ['dots on the way', lines(narinfo.replace('/5k', '/x/../5k'), 'Host: a'), [200]],
    ['a condition', lines(narinfo, 'Host: a', 'If-None-Match: *'), [304]],
    ['no Host', lines(narinfo), [400]],
    ['two Hosts', lines(narinfo, 'Host: a', 'Host: b'), [200]],
    ['another method', lines(`PUT /${hash}.narinfo HTTP/1.1`, 'Host: a', 'Content-Length: 0'), [200]],
    ['empty lines before it', `\r\n\r\n${known}`, [200]],
    ['spaces around a value', lines(narinfo, 'Host: \t a \t'), [200]],
    ['headers of more than a packet', lines(narinfo, 'Host: a', `X-Y: ${'x'.repeat(9000)}`), [200]],
    ['headers of more than is allowed', lines(narinfo, 'Host: a', `X-Y: ${'x'.repeat(20_000)}`), [431]],
    [
      'very many headers',
      lines(narinfo, 'Host: a', ...Array.from({ length: 900 }, (_, n) => `X-${n}: 1`)),
      [200],
    ],
    ['something else altogether', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400]],
  ])('is the same: %s', async (_, request, wanted) => {
    const text = await both(request);

    expect(statuses(text)).toEqual(wanted);
  });

  it.each([
    ['an escaped letter', narinfo.replace('5k', '%35k')],
    ['dots on the way', narinfo.replace('/5k', '/x/../5k')],
  ])('is no narinfo: %s', async (_, line) => {
    expect(await both(lines(line, 'Host: a'))).not.toContain('StorePath');
  });

  // What would be taken for two requests by one reader and for one by another.
  it.each([
    ['two lengths', lines(narinfo, 'Host: a', 'Content-Length: 3', 'Content-Length: 4')],
    ['a length and chunks', lines(narinfo, 'Host: a', 'Content-Length: 3', 'Transfer-Encoding: chunked')],
    ['chunks and a length', lines(narinfo, 'Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 3')],
    ['an unknown coding', lines(narinfo, 'Host: a', 'Transfer-Encoding: xchunked')],
    ['two codings', lines(narinfo, 'Host: a', 'Transfer-Encoding: chunked, identity')],
    ['a length that is none', lines(narinfo, 'Host: a', 'Content-Length: +3')],
    ['a line feed alone', `${narinfo}\nHost: a\n\n`],
    ['a line feed in a header', `${narinfo}\r\nHost: a\nContent-Length: 3\r\n\r\n`],
    ['a carriage return alone', `${narinfo}\r\nHost: a\rContent-Length: 3\r\n\r\n`],
    ['a folded header', lines(narinfo, 'Host: a', 'Accept: x', ' Content-Length: 3')],
    ['a space before the colon', lines(narinfo, 'Host: a', 'Content-Length : 3')],
    ['a space in a name', lines(narinfo, 'Host: a', 'Content Length: 3')],
    ['a line without a name', lines(narinfo, 'Host: a', ': 3')],
    ['a NUL in a value', lines(narinfo, 'Host: a', 'Accept: \0x')],
    ['a NUL in the URL', lines(narinfo.replace('5k', '5\0'), 'Host: a')],
    ['a tab instead of a space', lines(narinfo.replace(' ', '\t'), 'Host: a')],
  ])('refuses, with nothing taken for a request after it: %s', async (_, request) => {
    const text = await both(request + known);

    expect(statuses(text)).toEqual([400]);
    expect(text).toMatch(/\[closed\]$/);
  });

  it.each([
    ['by its length', lines(narinfo, 'Host: a', `Content-Length: ${known.length}`) + known],
    [
      'in chunks',
      `${lines(narinfo, 'Host: a', 'Transfer-Encoding: chunked')}${known.length.toString(16)}\r\n${known}\r\n0\r\n\r\n`,
    ],
    ['of a POST', lines('POST /x HTTP/1.1', 'Host: a', `Content-Length: ${known.length}`) + known],
  ])('takes no request out of a body: %s', async (_, request) => {
    expect(statuses(await both(request))).toEqual([200]);
    expect(statuses(await both(request + lines(unknown, 'Host: a')))).toEqual([200, 404]);
  });

  it('says of a connection that it is kept only where that needs saying', async () => {
    const old = unknown.replace('1.1', '1.0');
    expect(await both(lines(unknown, 'Host: a'))).not.toMatch(/Connection|Keep-Alive/);
    expect(await both(lines(unknown, 'Host: a', 'Connection: close'))).toContain('Connection: close\r\n');
    expect(await both(lines(old, 'Connection: keep-alive'))).toContain('Connection: keep-alive\r\n');
  });

  it('waits for a body that is told to be coming', async () => {
    const text = await both(
      lines('POST /x HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Expect: 100-continue'),
      'abc',
    );

    expect(statuses(text)).toEqual([100, 200]);
    expect(text).toContain('POST /x abc');
  });

  it('answers all that came at once in its order, fast and slow', async () => {
    const text = await both(
      known +
        lines('GET /slow/1 HTTP/1.1', 'Host: a') +
        known +
        lines('GET /other HTTP/1.1', 'Host: a') +
        lines(unknown, 'Host: a') +
        lines('GET /slow/2 HTTP/1.1', 'Host: a', 'Connection: close'),
    );
    const order = text.matchAll(/StorePath|\/slow\/\d|\/other|404 not found|\[\w+\]/g);

    expect([...order].map(([found]) => found)).toEqual([
      'StorePath',
      '/slow/1',
      'StorePath',
      '/other',
      '404 not found',
      '/slow/2',
      '[closed]',
    ]);
  });

  it('answers the same wherever the request is cut in two', async () => {
    const whole = known + lines('GET /slow HTTP/1.1', 'Host: a');
    const expected = await both(whole);
    const cuts = Array.from({ length: whole.length - 1 }, (_, at) => at + 1);
    expect(statuses(expected)).toEqual([200, 200]);
    for (const { port } of [fast, documented]) {
      const texts = await Promise.all(
        cuts.map((at) => talk(port, [whole.slice(0, at), whole.slice(at)], expected)),
      );
      expect([...new Set(texts)]).toEqual([expected]);
    }
  });

  it('answers the same when each byte comes alone', async () => {
    expect(await both(...known.split(''))).toBe(await both(known));
  });
});
