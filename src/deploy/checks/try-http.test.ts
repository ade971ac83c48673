import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpCheck } from '../../network/network.ts';
import { httpCheck } from '../testing/checks-of.ts';
import { selfSigned } from '../testing/self-signed.ts';
import { tryHttp } from './try-http.ts';

const servers: (Server & { closeAllConnections(): void })[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener, tls = false): Promise<number> {
  const server = tls ? createTlsServer(selfSigned, listener) : createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // it listens on a port, not on a socket file
}

function attempt(check: HttpCheck, signal = new AbortController().signal): Promise<string | undefined> {
  return tryHttp(check, { host: '127.0.0.1', signal });
}

describe('tryHttp', () => {
  it.each([200, 204, 299])('takes status %i for success', async (status) => {
    const port = await serve((_request, response) => response.writeHead(status).end());

    expect(await attempt(httpCheck(port))).toBeUndefined();
  });

  it.each([
    [404, 'Got non 2xx status code (404 Not Found)'],
    [503, 'Got non 2xx status code (503 Service Unavailable)'],
    [304, 'Got non 2xx status code (304 Not Modified)'],
    // Sent elsewhere without saying where.
    [302, 'Got non 2xx status code (302 Found)'],
  ])('says that %i is none', async (status, reason) => {
    const port = await serve((_request, response) => response.writeHead(status).end());

    expect(await attempt(httpCheck(port))).toBe(reason);
  });

  it('asks for the path with the headers of the check, and its Host', async () => {
    const seen: unknown[] = [];
    const port = await serve((request, response) => {
      seen.push([request.method, request.url, request.headers.host, request.headers['x-token']]);
      response.end();
    });

    await attempt(
      httpCheck(port, { path: '/health?deep=1', headers: { hOsT: 'example.org', 'X-Token': 'a' } }),
    );
    await attempt(httpCheck(port));

    expect(seen).toEqual([
      ['GET', '/health?deep=1', 'example.org', 'a'],
      ['GET', '/', `127.0.0.1:${port}`, undefined],
    ]);
  });

  it('asks the host that the check names', async () => {
    const port = await serve((_request, response) => response.end());

    expect(
      await tryHttp(httpCheck(port, { host: '127.0.0.1' }), {
        host: 'nowhere.invalid',
        signal: new AbortController().signal,
      }),
    ).toBeUndefined();
  });

  it('ignores proxies', async () => {
    const port = await serve((_request, response) => response.end());
    process.env.http_proxy = 'http://127.0.0.1:9';
    try {
      expect(await attempt(httpCheck(port))).toBeUndefined();
    } finally {
      delete process.env.http_proxy;
    }
  });

  it('goes where it is sent, ten requests at most', async () => {
    let requests = 0;
    const port = await serve((request, response) => {
      requests += 1;
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end();
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });

    expect(await attempt(httpCheck(port, { path: '/9' }))).toBeUndefined();
    expect(await attempt(httpCheck(port, { path: '/10' }))).toBe(
      `Get "http://127.0.0.1:${port}/10": stopped after 10 redirects`,
    );
    expect(requests).toBe(20);
  });

  it('takes no secret and no Host of the check along to another host', async () => {
    const seen: unknown[] = [];
    const other = await serve((request, response) => {
      seen.push([request.headers.host, request.headers.authorization, request.headers['x-token']]);
      response.end();
    });
    const port = await serve((_request, response) =>
      response.writeHead(307, { location: `http://localhost:${other}/` }).end(),
    );

    await attempt(httpCheck(port, { headers: { Authorization: 'secret', Host: 'a.org', 'X-Token': 'x' } }));

    expect(seen).toEqual([[`localhost:${other}`, undefined, 'x']]);
  });

  it('says why nobody answers', async () => {
    expect(await attempt(httpCheck(9))).toMatch(/^Get "http:\/\/127\.0\.0\.1:9\/": .*ECONNREFUSED/);
    expect(await attempt(httpCheck(80, { scheme: 'ftp' }))).toBe(
      'Get "ftp://127.0.0.1:80/": unsupported protocol scheme "ftp"',
    );
    expect(await attempt(httpCheck(9, { host: '::1' }))).toContain('Get "http://[::1]:9/": ');
  });

  it('fails where a certificate is not trusted, unless told not to care', async () => {
    const port = await serve((_request, response) => response.end(), true);

    expect(await attempt(httpCheck(port, { scheme: 'https' }))).toMatch(/self-signed certificate/);
    expect(await attempt(httpCheck(port, { scheme: 'https', insecureSSL: true }))).toBeUndefined();
  });

  it('says that a port speaks no TLS', async () => {
    const port = await serve((_request, response) => response.end());

    expect(await attempt(httpCheck(port, { scheme: 'https' }))).toMatch(
      /^Get "https:.*(SSL|EPROTO|wrong version)/,
    );
  });

  it('waits no longer than its time-out for an answer', async () => {
    const port = await serve(() => {});

    expect(await attempt(httpCheck(port, { timeout: 0.05 }))).toBe('Timeout after 0.05s');
  });

  it('ends its request when the signal fires', async () => {
    const abort = new AbortController();
    const closed = Promise.withResolvers<void>();
    const port = await serve((request) => {
      request.socket.once('close', () => closed.resolve());
      abort.abort();
    });

    expect(await attempt(httpCheck(port, { timeout: 0 }), abort.signal)).toMatch(/abort/);
    await closed.promise;
  });
});
