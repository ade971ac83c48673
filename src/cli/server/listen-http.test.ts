import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { datedResponse } from '../../cache/hot/dated-response.ts';
import { listenHttp } from './listen-http.ts';

const loopback = { host: '127.0.0.1', port: 0 };
const narinfo = `/${'0'.repeat(32)}.narinfo`;
/** What a client may ask for that the front door answers itself. */
const asked = `GET ${narinfo} HTTP/1.1\r\nHost: a\r\n\r\n`;
const hot = {
  narinfo: () => datedResponse('200 OK', {}, Buffer.from('hot')),
  narFile: () => undefined,
  cacheInfo: () => undefined,
};

async function talk(url: string): Promise<{ readonly said: Promise<string>; end(): void }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write(asked);
  await once(socket, 'data');
  return { said: once(socket, 'close').then(() => text), end: () => socket.destroy() };
}

describe.each([{ frontDoor: true }, { frontDoor: false }])(
  'listenHttp, $frontDoor for a front door',
  (door) => {
    it('answers with 503 until somebody else answers', async () => {
      await using listener = await listenHttp(loopback, door);

      const early = await fetch(listener.url);
      listener.answerWith((_req, res) => void res.end('ready'));
      const later = await fetch(listener.url);

      expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await later.text()).toBe('ready');
    });

    it('has brackets around an IPv6 address', async () => {
      await using listener = await listenHttp({ host: '::1', port: 0 }, door);

      expect(listener.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    });

    it.each([
      ['0.0.0.0', /^http:\/\/127\.0\.0\.1:\d+$/, /^http:\/\/ci:\d+$/],
      ['::', /^http:\/\/\[::1\]:\d+$/, /^http:\/\/ci:\d+$/],
      ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/, /^http:\/\/127\.0\.0\.1:\d+$/],
    ])('is reached from here and from elsewhere when it listens on %s', async (host, url, outsideUrl) => {
      await using listener = await listenHttp({ host, port: 0 }, { hostName: 'ci', ...door });
      listener.answerWith((_req, res) => void res.end('here'));

      expect(listener.url).toMatch(url);
      expect(listener.outsideUrl).toMatch(outsideUrl);
      expect(await (await fetch(listener.url)).text()).toBe('here');
    });

    it('says which port it cannot have', async () => {
      await using listener = await listenHttp(loopback, door);
      const port = Number(new URL(listener.url).port);

      await expect(listenHttp({ host: '127.0.0.1', port })).rejects.toMatchObject({
        code: 'server.listen',
        message: expect.stringMatching(`^cannot listen on 127.0.0.1 port ${port}: .*EADDRINUSE`),
      });
    });

    it('lets an answer end that is being sent, and cuts one that does not', async () => {
      const listener = await listenHttp(loopback, { graceMs: 100, ...door });
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

    it('does not wait for clients that ask for nothing more', async () => {
      // Longer than a test may take.
      const listener = await listenHttp(loopback, { graceMs: 60_000, ...door });
      listener.answerWith((_req, res) => void res.end('slow'), hot);
      const { said } = await talk(listener.url);
      await listener[Symbol.asyncDispose]();

      expect(await said).toContain(door.frontDoor ? 'hot' : 'slow');
    });
  },
);

describe('the front door of listenHttp', () => {
  it('answers with what it is told last', async () => {
    await using listener = await listenHttp(loopback);
    const slow = (): void => listener.answerWith((_req, res) => void res.end('slow'));
    slow();
    const first = await talk(listener.url);
    first.end();
    listener.answerWith((_req, res) => void res.end('slow'), hot);
    const second = await talk(listener.url);
    second.end();

    expect(await first.said).toMatch(/slow$/);
    expect(await second.said).toMatch(/hot$/);
    // The rest goes to the listener.
    expect(await (await fetch(`${listener.url}/other`)).text()).toBe('slow');
  });
});
