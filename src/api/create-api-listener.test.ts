import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { apiServerOptions, createApiListener } from './create-api-listener.ts';
import { openTestApi, type TestApi } from './testing/test-api.ts';

interface Served extends AsyncDisposable {
  readonly api: TestApi;
  readonly port: number;
  readonly host: string;
}

async function serve(options: ServerOptions & { readonly bodyTimeoutMs?: number } = {}): Promise<Served> {
  const api = await openTestApi();
  const server = createServer(
    { ...apiServerOptions, ...options },
    createApiListener(api.app, options),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    api,
    port: address.port,
    host: `127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await api[Symbol.asyncDispose]();
    },
  };
}

/** Sends bytes as they are, and reads until the other end closes. */
async function raw(port: number, send: string | ((socket: Socket) => Promise<void>)): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const answer = text(socket).catch(() => '');
  if (typeof send === 'string') socket.write(send);
  else await send(socket);
  return answer;
}

/** Until it holds; the test's own time-out is the limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe('the API over HTTP', () => {
  it('answers, and knows the address it was asked under', async () => {
    await using served = await serve();
    const response = await fetch(`http://${served.host}/project/tests`, {
      headers: { Accept: 'application/json' },
    });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ name: 'tests' });
    const login = await fetch(`http://${served.host}/login`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ username: 'root', password: 'foobar' }),
      headers: { Referer: `http://${served.host}/` },
    });
    expect(login.headers.get('Location')).toBe(`http://${served.host}/current-user`);
  });

  it('answers HEAD as GET, without a body', async () => {
    await using served = await serve();
    const response = await fetch(`http://${served.host}/`, { method: 'HEAD' });

    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });

  it('refuses a body that is too large while it is still coming', async () => {
    await using served = await serve();
    let sent = 0;
    const answer = await raw(served.port, async (socket) => {
      socket.write('PUT /project/tests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n');
      socket.write(`Authorization: Bearer ${await token(served.api)}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const piece = `10000\r\n${' '.repeat(65_536)}\r\n`;
      let answered = false;
      socket.once('data', () => {
        answered = true;
      });
      while (!answered && !socket.destroyed && sent < 64 * 1024 * 1024) {
        sent += piece.length;
        if (!socket.write(piece))
          await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
      }
      socket.end();
    });

    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('api.too-large');
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it('refuses very many headers', async () => {
    await using served = await serve();
    const flood = Array.from({ length: 5000 }, (_, at) => `X-${at}: y\r\n`).join('');

    expect(await raw(served.port, `GET / HTTP/1.1\r\nHost: x\r\n${flood}\r\n`)).toMatch(/^HTTP\/1.1 431 /);
  });

  it('cuts off who sends a body or headers very slowly', async () => {
    await using served = await serve({
      bodyTimeoutMs: 100,
      headersTimeout: 100,
      connectionsCheckingInterval: 20,
    });
    const drip = (head: string) =>
      raw(served.port, async (socket) => {
        socket.write(head);
        while (!socket.destroyed && !socket.readableEnded) {
          socket.write('a');
          await sleep(10);
        }
      });

    const answers = await Promise.all([
      drip('POST /login HTTP/1.1\r\nHost: x\r\nReferer: http://x/\r\nContent-Length: 100000\r\n\r\n'),
      drip('GET / HTTP/1.1\r\nX-Slow: '),
    ]);
    // Who goes on sending meanwhile may find the connection closed before he has read the answer.
    for (const answer of answers) expect(answer).toMatch(/^(?:HTTP\/1\.1 4\d\d [\s\S]*)?$/);
  });

  it.each([
    ['GET /project/../../etc/passwd HTTP/1.1', 404],
    ['GET /project/..%2f..%2fetc HTTP/1.1', 404],
    ['GET //elsewhere/ HTTP/1.1', 404],
    ['GET /build/1%0d%0aX: HTTP/1.1', 404],
    ['GET /\\ HTTP/1.1', 400],
    ['GET x HTTP/1.1', 400],
    ['GET / HTTP/9', 400],
    ['nonsense', 400],
  ])('answers %j with %i', async (line, status) => {
    await using served = await serve();
    const answer = await raw(served.port, `${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);

    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(served.api.faults).toEqual([]);
  });

  it.each(['a b', 'evil/', '<script>', 'x:99999', '[::1'])('refuses the host %j', async (host) => {
    await using served = await serve();
    const answer = await raw(
      served.port,
      `GET /build/1 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );

    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe('a listener', () => {
  async function listen(served: Served): Promise<IncomingMessage> {
    const req = request({ port: served.port, path: '/api/v1/events', agent: false }).end();
    req.on('error', () => {});
    const [res] = (await once(req, 'response')) as [IncomingMessage]; // what the event carries
    res.on('error', () => {});
    return res;
  }

  it('is let go when it goes away', async () => {
    await using served = await serve();
    const listeners = await Promise.all([listen(served), listen(served), listen(served)]);
    await until(() => served.api.listeners() === 3);
    for (const res of listeners) res.destroy();
    await until(() => served.api.listeners() === 0);

    expect(served.api.faults).toEqual([]);
  });

  it('that takes nothing has nothing made for it', async () => {
    await using served = await serve();
    const res = await listen(served);
    await until(() => served.api.listeners() === 1);
    let made = 0;
    const events = 20_000;
    for (let n = 0; n < events; n += 1) {
      served.api.emit({ type: 'message', level: 'info', text: `${n} ${'x'.repeat(2000)}` });
    }
    // What is made into a frame is read as JSON.
    for (const [at, event] of served.api.events.entries()) {
      const { json } = event;
      Object.defineProperty(event, 'json', {
        get() {
          made = Math.max(made, at + 1);
          return json;
        },
      });
    }
    res.pause();
    for (let before = -1; made !== before; ) {
      before = made;
      await sleep(300);
    }

    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(events / 2);
    res.destroy();
    await until(() => served.api.listeners() === 0);
  });
});

async function token(api: TestApi): Promise<string> {
  const made = await api.json('/api/v1/tokens', {
    method: 'POST',
    as: 'olga',
    body: { name: 'x' },
    status: 201,
  });
  return (made as { secret: string }).secret; // what the route answers
}
