import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createApiClient } from './api-client.ts';

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

async function answering(answer: Answer) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const controller = new AbortController();
  return {
    client: createApiClient({ url: `http://127.0.0.1:${port}/`, token: 'hush', signal: controller.signal }),
    abort: () => controller.abort(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const json =
  (status: number, body: unknown): Answer =>
  (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

describe('createApiClient', () => {
  it('asks with the token and takes what fits the schema', async () => {
    await using at = await answering((req, res) => {
      const { authorization, origin } = req.headers;
      res.end(JSON.stringify({ asked: `${req.method} ${req.url}`, authorization, origin }));
    });

    const answer = await at.client.get('/x?y=1', z.looseObject({ asked: z.string() }));

    expect(answer).toEqual({ asked: 'GET /x?y=1', authorization: 'Bearer hush', origin: at.client.url });
  });

  it('sends JSON, and takes an empty answer where none is wanted', async () => {
    let got = '';
    await using at = await answering((req, res) => {
      req.on('data', (chunk: Buffer) => {
        got += `${req.headers['content-type']} ${String(chunk)}`;
      });
      req.on('end', () => res.writeHead(204).end());
    });

    await at.client.send('PUT', '/x', { a: 1 }, z.undefined());

    expect(got).toBe('application/json {"a":1}');
  });

  it.each([
    [409, { error: 'it is there', code: 'db.conflict' }, { code: 'db.conflict', message: 'it is there' }],
    [
      422,
      { error: 'no\n', code: 'new.code', hint: 'Do this.' },
      { code: 'server.refused', message: 'no', hint: 'Do this.' },
    ],
    [
      403,
      { error: 'not yours' },
      { code: 'api.forbidden', message: 'not yours', hint: expect.stringContaining('as the owner') },
    ],
    [404, { error: 'nothing' }, { code: 'api.not-found', message: 'nothing' }],
    [500, { error: 'oh' }, { code: 'server.refused', message: 'oh' }],
    [502, 'a proxy', { code: 'server.answer', message: 'GET /x was answered with HTTP status 502' }],
  ])('tells what the server said with status %i', async (status, body, wanted) => {
    await using at = await answering(json(status, body));

    await expect(at.client.get('/x', z.unknown())).rejects.toMatchObject(wanted);
  });

  it('says when the answer is not what was wanted', async () => {
    await using at = await answering((_req, res) => void res.end('<html>'));

    await expect(at.client.get('/x', z.object({ id: z.int() }))).rejects.toMatchObject({
      code: 'server.answer',
      message: expect.stringContaining('answered GET /x with something else than was wanted'),
    });
  });

  it('says where no server answers', async () => {
    const client = createApiClient({
      url: 'http://127.0.0.1:1',
      token: undefined,
      signal: new AbortController().signal,
    });

    await expect(client.get('/', z.unknown())).rejects.toMatchObject({
      code: 'server.unreachable',
      message: expect.stringMatching(/^no server answers at http:\/\/127\.0\.0\.1:1: /),
    });
  });

  it('ends when interrupted', async () => {
    await using at = await answering(() => {});
    const asking = at.client.get('/', z.unknown());

    at.abort();

    await expect(asking).rejects.toMatchObject({ code: 'interrupted' });
  });
});
