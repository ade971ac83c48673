import { describe, expect, it } from 'vitest';
import { listenHttp } from './listen-http.ts';

const loopback = { host: '127.0.0.1', port: 0 };

describe('listenHttp', () => {
  it('answers with 503 until somebody else answers', async () => {
    await using listener = await listenHttp(loopback);

    const early = await fetch(listener.url);
    listener.answerWith((_req, res) => void res.end('ready'));
    const later = await fetch(listener.url);

    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await later.text()).toBe('ready');
  });

  it('has brackets around an IPv6 address', async () => {
    await using listener = await listenHttp({ host: '::1', port: 0 });

    expect(listener.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  it.each([
    ['0.0.0.0', /^http:\/\/127\.0\.0\.1:\d+$/, /^http:\/\/ci:\d+$/],
    ['::', /^http:\/\/\[::1\]:\d+$/, /^http:\/\/ci:\d+$/],
    ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/, /^http:\/\/127\.0\.0\.1:\d+$/],
  ])('is reached from here and from elsewhere when it listens on %s', async (host, url, outsideUrl) => {
    await using listener = await listenHttp({ host, port: 0 }, { hostName: 'ci' });
    listener.answerWith((_req, res) => void res.end('here'));

    expect(listener.url).toMatch(url);
    expect(listener.outsideUrl).toMatch(outsideUrl);
    expect(await (await fetch(listener.url)).text()).toBe('here');
  });

  it('says which port it cannot have', async () => {
    await using listener = await listenHttp(loopback);
    const port = Number(new URL(listener.url).port);

    await expect(listenHttp({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'server.listen',
      message: expect.stringMatching(`^cannot listen on 127.0.0.1 port ${port}: .*EADDRINUSE`),
    });
  });

  it('lets an answer end that is being sent, and cuts one that does not', async () => {
    const listener = await listenHttp(loopback, { graceMs: 100 });
    let finish = (): void => {};
    listener.answerWith((req, res) => {
      res.write('begun');
      if (req.url === '/soon') finish = () => void res.end(', done');
    });
    const soon = await fetch(`${listener.url}/soon`);
    const never = await fetch(`${listener.url}/never`);

    const closed = listener[Symbol.asyncDispose]();
    finish();

    expect(await soon.text()).toBe('begun, done');
    await expect(never.text()).rejects.toThrow('terminated');
    await closed;
    await expect(fetch(listener.url)).rejects.toThrow('fetch failed');
  });
});
