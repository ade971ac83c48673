import { once } from 'node:events';
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHotServer } from './create-hot-server.ts';
import { datedResponse } from './dated-response.ts';

const hashPart = '7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72';
/** Of a path whose narinfo is not there at once. */
const slowHashPart = hashPart.replace('7', '9');
/** How the front door reads in the tests that run. */
let readsInPlace = true;
const open: { readonly http: HttpServer; readonly server: Server; close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(
  respond: (req: IncomingMessage, res: ServerResponse) => void = (req, res) => res.end(`slow ${req.url}`),
  { body = 'known\n', idleTimeoutMs = 60_000 } = {},
  inPlace = readsInPlace,
): Promise<number> {
  const http = createServer(
    { headersTimeout: 4000, requestTimeout: 4000, connectionsCheckingInterval: 50 },
    respond,
  );
  const known = datedResponse('200 OK', {}, Buffer.from(body));
  const missing = datedResponse('404 Not Found', {}, Buffer.from('missing\n'));
  const answers = {
    narinfo(bytes: Buffer, at: number) {
      const asked = bytes.toString('latin1', at, at + 32);
      return asked === slowHashPart ? undefined : asked === hashPart ? known : missing;
    },
    narFile: (bytes: Buffer, at: number, end: number) =>
      datedResponse('200 OK', {}, Buffer.from(`${bytes.toString('latin1', at, end)}\n`)),
    cacheInfo: () => datedResponse('200 OK', {}, Buffer.from('info\n')),
  };
  const hot = createHotServer({ http, answers, idleTimeoutMs, inPlace });
  hot.server.listen(0, '127.0.0.1');
  await once(hot.server, 'listening');
  open.push({
    http,
    server: hot.server,
    async close() {
      hot.closeAllConnections();
      hot.server.close();
      await once(hot.server, 'close');
    },
  });
  return (hot.server.address() as AddressInfo).port; // a TCP server has no other kind of address
}

const get = (path: string, ...headers: readonly string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: a', ...headers].join('\r\n')}\r\n\r\n`;

/** All that comes back until the server has answered so many times, or closed. */
async function talk(port: number, pieces: readonly string[], answers: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    // A piece of its own on the other side too.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await until(socket, () => (text.match(/HTTP\/1\.1 \d/g)?.length ?? 0) >= answers);
  socket.destroy();
  return text;
}

async function until(socket: Socket, done: () => boolean): Promise<void> {
  for (let waited = 0; !done() && !socket.closed && waited < 5000; waited += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // The rest of what belongs to the last answer.
  await new Promise((resolve) => setTimeout(resolve, 30));
}

describe.each([
  ['in place', true],
  ['in the documented way', false],
])('the front door, reading %s', (_way, inPlace) => {
  beforeEach(() => {
    readsInPlace = inPlace;
  });

  it('answers narinfo requests by itself, any number on one connection', async () => {
    const port = await start();
    const text = await talk(
      port,
      [get(`/${hashPart}.narinfo`), get(`/${hashPart.replace('7', '8')}.narinfo`)],
      2,
    );

    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nknown\nHTTP\/1\.1 404 Not Found\r\n[\s\S]*\r\n\r\nmissing\n$/,
    );
  });

  it('answers for files of NARs by their name', async () => {
    const port = await start();
    const name = `${'0abc'.repeat(13)}.nar.zst`;
    const text = await talk(
      port,
      [get(`/nar/${name}`, 'X-Forwarded-For: 192.0.2.1') + get(`/${hashPart}.narinfo`)],
      2,
    );
    const bodies = text.split(/HTTP\/1\.1 [\s\S]*?\r\n\r\n/).slice(1);

    expect(bodies).toEqual([`${name}\n`, 'known\n']);
  });

  it('answers requests that come in one piece, in order', async () => {
    const port = await start();
    const text = await talk(
      port,
      [get('/nix-cache-info') + get(`/${hashPart}.narinfo`) + get('/nar/x') + get(`/${hashPart}.narinfo`)],
      4,
    );
    const bodies = text.split(/HTTP\/1\.1 [\s\S]*?\r\n\r\n/).slice(1);

    expect(bodies).toEqual(['info\n', 'known\n', 'slow /nar/x', `slow /${hashPart}.narinfo`]);
  });

  it('hands over what cannot be answered at once, in order with the rest', async () => {
    const port = await start();
    const text = await talk(
      port,
      [get(`/${hashPart}.narinfo`) + get(`/${slowHashPart}.narinfo`) + get('/nix-cache-info')],
      3,
    );
    const bodies = text.split(/HTTP\/1\.1 [\s\S]*?\r\n\r\n/).slice(1);

    expect(bodies).toEqual(['known\n', `slow /${slowHashPart}.narinfo`, 'slow /nix-cache-info']);
  });

  it.each([
    [
      'byte for byte',
      get(`/${hashPart}.narinfo`)
        .split('')
        .filter((_, at) => at < 80),
    ],
    ['cut in the middle of a header', [get('/a').slice(0, 20), get('/a').slice(20)]],
  ])('hands over a request that comes in pieces: %s', async (_, pieces) => {
    const port = await start();
    const all = pieces.join('');
    const text = await talk(port, [...pieces, ...(all.endsWith('\r\n\r\n') ? [] : ['\r\n\r\n'])], 1);

    expect(text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*slow \//);
  });

  it('never answers what may be a body as a request', async () => {
    const seen: string[] = [];
    const port = await start((req, res) => {
      seen.push(`${req.method} ${req.url}`);
      req.resume().on('end', () => res.end('done'));
    });
    const inner = get(`/${hashPart}.narinfo`);
    const text = await talk(
      port,
      [`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`],
      1,
    );

    expect(seen).toEqual(['POST /x']);
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(text).not.toContain('known');
  });

  it('leaves a request with two ideas of its length to the real parser, which refuses it', async () => {
    const port = await start();
    const text = await talk(
      port,
      [
        get(`/${hashPart}.narinfo`, 'Content-Length: 3', 'Transfer-Encoding: chunked') +
          get(`/${hashPart}.narinfo`),
      ],
      1,
    );

    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).not.toContain('known');
  });

  it('lets HTTP/1.0 clients have their way', async () => {
    const port = await start();
    const text = await talk(port, [`GET /${hashPart}.narinfo HTTP/1.0\r\n\r\n`], 1);

    expect(text).toMatch(/Connection: close[\s\S]*slow \//i);
  });

  it('stops reading from a client that takes no answers, and goes on when it does', async () => {
    const port = await start(undefined, { body: 'x'.repeat(100_000) });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    const one = get(`/${hashPart}.narinfo`);
    for (let batch = 0; batch < 20; batch++) {
      socket.write(one.repeat(10));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.resume();
    await until(socket, () => bytes >= 200 * 100_000);
    socket.destroy();

    expect(bytes).toBeGreaterThan(200 * 100_000);
  });

  it('gives all of a long body to the server behind, however slowly that takes it', async () => {
    let took = '';
    const port = await start((req, res) => {
      req.on('data', (piece: Buffer) => {
        took += String(piece);
        req.pause();
        setTimeout(() => req.resume(), 1);
      });
      req.on('end', () => res.end('done'));
    });
    const body = Array.from({ length: 40_000 }, (_, at) => `${at} `).join('');
    const text = await talk(
      port,
      [
        get(`/${hashPart}.narinfo`),
        `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ],
      2,
    );

    expect(text).toMatch(/done$/);
    expect(took).toBe(body);
  });

  it('gives on what comes after an upgrade', async () => {
    const port = await start();
    let said = '';
    const http = open.at(-1)?.http;
    http?.on('upgrade', (_req, socket, head) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      said += String(head);
      socket.on('data', (chunk: Buffer) => {
        said += String(chunk);
        socket.end('bye');
      });
    });
    const text = await talk(
      port,
      [get(`/${hashPart}.narinfo`), get('/x', 'Connection: Upgrade', 'Upgrade: other'), 'one'],
      3,
    );

    expect(text).toMatch(/101 Switching Protocols\r\n\r\nbye$/);
    expect(said).toBe('one');
  });

  it('counts connections, and so can be closed when the last one has gone', async () => {
    const port = await start();
    const server = open.at(-1)?.server;
    const count = () => new Promise((resolve) => server?.getConnections((_error, number) => resolve(number)));
    const first = connect(port, '127.0.0.1');
    const sockets = [first, connect(port, '127.0.0.1')];
    for (const socket of sockets) {
      socket.write(get(`/${hashPart}.narinfo`));
      await once(socket, 'data');
    }
    expect(await count()).toBe(2);
    first.write(get('/other'));
    await once(first, 'data');
    for (const socket of sockets) socket.destroy();

    await expect.poll(count).toBe(0);
  });

  it('closes connections that say nothing', async () => {
    const port = await start(undefined, { idleTimeoutMs: 50 });
    const socket = connect(port, '127.0.0.1');
    socket.resume();
    await once(socket, 'close');

    expect(socket.destroyed).toBe(true);
  });

  it('ends requests that never come to their end', async () => {
    const port = await start();
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n');
    await once(socket, 'close');

    expect(text).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('survives clients that vanish', async () => {
    const port = await start();
    for (let count = 0; count < 20; count++) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(get(`/${hashPart}.narinfo`).repeat(5));
      socket.resetAndDestroy();
    }

    expect(await talk(port, [get(`/${hashPart}.narinfo`)], 1)).toContain('known');
  });
});
