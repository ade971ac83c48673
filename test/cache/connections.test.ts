/** Clients that do not behave, very many of them at a time, with and without the front door. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { truncateSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startProcess } from '../../src/process/start-process.ts';
import { tempDir } from '../store/nix-lab.ts';

const narinfo = '/5k2r78dr3fdr14rll13sm5dmjb5fpw3r.narinfo';
const nar = '/nar/5k2r78dr3fdr14rll13sm5dmjb5fpw3r.nar';
const MiB = 2 ** 20;

interface Figures {
  readonly rss: number;
  readonly connections: number;
  readonly narsCut: number;
  readonly faults: number;
}

async function startServer(file: string, ...flags: readonly string[]) {
  const script = path.join(import.meta.dirname, 'connection-server.child.ts');
  const child = await startProcess([process.execPath, script, file, ...flags]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? '');
  const { port, narSize, narHash } = (await line()) as { port: number; narSize: number; narHash: string }; // its own line
  const sockets = new Set<Socket>();
  return {
    narSize,
    narHash,
    async figures(): Promise<Figures> {
      child.stdin.write('\n');
      return (await line()) as Figures; // its own line
    },
    async open(first = ''): Promise<Socket> {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      await once(socket, 'connect');
      if (first !== '') socket.write(first);
      return socket;
    },
    ask: (url: string) => fetch(`http://127.0.0.1:${port}${url}`),
    closeAll(): void {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: () => child.kill(),
  };
}

let server: Awaited<ReturnType<typeof startServer>>;
const connections = async (): Promise<number> => (await server.figures()).connections;
const patience = { timeout: 20_000 };

describe.each([{ flags: [] }, { flags: ['--no-front-door'] }])('a cache $flags', ({ flags }) => {
  beforeAll(async () => {
    const file = `${tempDir()}/file`;
    writeFileSync(
      file,
      createHash('shake256', { outputLength: 32 * MiB })
        .update('file')
        .digest(),
    );
    server = await startServer(file, ...flags);
  });
  afterEach(() => server.closeAll());
  afterAll(() => server[Symbol.asyncDispose]());

  it('closes those that never finish what they ask, and answers others meanwhile', async () => {
    const slow = await Promise.all(
      Array.from({ length: 100 }, (_, at) => server.open(`GET ${narinfo} HTTP/1.1\r\nHost: a\r\nX-${at}: `)),
    );
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write('x');
    }, 100);
    const closed = Promise.all(
      slow.map(async (socket) => {
        // One that is closed while something is on its way to it is told so as an error, which is as good an end.
        socket.on('error', () => {});
        const { promise, resolve } = Promise.withResolvers<void>();
        socket.once('close', resolve).resume();
        if (!socket.closed) await promise;
      }),
    );
    for (let count = 0; count < 20; count++) expect((await server.ask(narinfo)).status).toBe(200);
    await closed;
    clearInterval(drip);

    expect((await server.ask(narinfo)).status).toBe(200);
  });

  it('answers while 10,000 clients stay and say nothing, and holds little for them', async () => {
    const before = await server.figures();
    for (let batch = 0; batch < 100; batch++) {
      await Promise.all(
        Array.from({ length: 100 }, () => server.open(`GET ${narinfo} HTTP/1.1\r\nHost: a\r\n\r\n`)),
      );
    }
    const opened = async () => (await server.figures()).connections - before.connections;
    await expect.poll(opened, { timeout: 20_000 }).toBeGreaterThanOrEqual(10_000);
    const idle = await server.figures();
    expect((await server.ask(narinfo)).status).toBe(200);
    expect((await (await server.ask(nar)).arrayBuffer()).byteLength).toBe(server.narSize);
    // Some 20 KiB each.
    expect(idle.rss - before.rss).toBeLessThan(200 * MiB);
  });

  it('gives clients that read slowly what they asked for, whole', async () => {
    const hashes = await Promise.all(
      Array.from({ length: 8 }, async (_, at) => {
        const digest = createHash('sha256');
        const body = (await server.ask(nar)).body;
        for await (const piece of body ?? []) {
          digest.update(piece);
          // At different speeds, so that pieces are sent in part.
          if (at > 0) await sleep(at);
        }
        return digest.digest('hex');
      }),
    );

    expect(new Set(hashes)).toEqual(new Set([server.narHash]));
  });

  it('lets go of all that clients had who vanish at any point', async () => {
    await expect.poll(connections, patience).toBeLessThan(10);
    const request = `GET ${nar} HTTP/1.1\r\nHost: a\r\n\r\n`;
    for (let at = 0; at < 120; at++) {
      const socket = await server.open(request.slice(0, 1 + (at % request.length)));
      if (at % 3 === 0) await Promise.race([once(socket, 'data'), sleep(20)]);
      if (at % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }

    await expect.poll(connections, patience).toBeLessThan(10);
    expect((await (await server.ask(nar)).arrayBuffer()).byteLength).toBe(server.narSize);
    expect(await server.figures()).toMatchObject({ narsCut: 0, faults: 0 });
  });
});

describe('a cache with a NAR of 4 GiB', () => {
  it('holds no more of it than is under way, for any number of clients that take nothing', async () => {
    const file = `${tempDir()}/large`;
    writeFileSync(file, '');
    truncateSync(file, 4 * 1024 * MiB);
    server = await startServer(file);
    const before = await server.figures();
    const clients = await Promise.all(
      Array.from({ length: 100 }, () => server.open(`GET ${nar} HTTP/1.1\r\nHost: a\r\n\r\n`)),
    );
    for (const client of clients) client.once('readable', () => {});
    await sleep(3000);
    const during = await server.figures();
    expect((await server.ask(narinfo)).status).toBe(200);
    server.closeAll();
    await expect.poll(connections, patience).toBeLessThan(10);
    await server[Symbol.asyncDispose]();

    // Half a MiB for each.
    expect(during.rss - before.rss).toBeLessThan(130 * MiB);
  });
});
