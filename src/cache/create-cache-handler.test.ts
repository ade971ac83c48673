import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { formatHash } from '../nix/hash.ts';
import { generateSecretKey } from '../nix/signing-key.ts';
import { parseStorePath } from '../nix/store-path.ts';
import type { PathInfo } from '../store/store.ts';
import { type CacheHandlerOptions, createCacheHandler } from './create-cache-handler.ts';
import type { PathSource } from './path-source.ts';

const hash = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r';
const path = parseStorePath(`/nix/store/${hash}-hello`);
const key = generateSecretKey('cache-1');

/** Bytes that differ everywhere, so that a wrong offset shows. */
const content = createHash('shake256', { outputLength: 1_000_003 }).update('content').digest();
const digest = createHash('sha256').update(content).digest();
const narHash = formatHash({ algorithm: 'sha256', bytes: digest }, 'nix32').slice(7);
const nar = `/nar/${hash}-${narHash}.nar`;
const info: PathInfo = {
  path,
  deriver: undefined,
  narHash: digest.toString('hex'),
  narSize: content.length,
  references: [],
  registrationTime: 1,
  ultimate: true,
  signatures: [],
  contentAddress: '',
};

function* pieces(bytes: Buffer, size = 70_000): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/**
 * As in `live/`, without a thread: the last piece comes only when all was right, and every piece is in the same memory,
 * overwritten as soon as the next one is asked for.
 */
function dumpOf(source: () => Iterable<Uint8Array>): CacheHandlerOptions['dump'] {
  return function* ({ path: asked, narSize, narHash: wanted }, { start, end }) {
    const sum = createHash('sha256');
    const memory = Buffer.alloc(100_000);
    let held: Buffer | undefined;
    let offset = 0;
    for (const piece of source()) {
      sum.update(piece);
      const part = piece.subarray(Math.max(0, start - offset), Math.max(0, end - offset));
      offset += piece.length;
      if (offset > narSize) break;
      if (part.length === 0) {
        yield part;
        continue;
      }
      if (held !== undefined) {
        memory.fill('?').set(held);
        yield memory.subarray(0, held.length);
        memory.fill('!');
      }
      held = Buffer.from(part);
    }
    if (offset !== narSize || sum.digest('hex') !== wanted) {
      throw new Error(`${asked} is damaged: the database says ${narSize} bytes`);
    }
    if (held !== undefined) yield held;
  };
}

/** A source that has every path of which the lookup knows, and never changes. */
function fakeSource(lookup: PathSource['lookup']): PathSource {
  return { version: () => 1, mayHave: (part) => part === hash, lookup };
}

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0)) await end();
});

/** A server over one path, with what is to be different about it. */
async function serve(change: Partial<CacheHandlerOptions> = {}) {
  const faults: string[] = [];
  const roots = new Set<string>();
  const handler = createCacheHandler({
    source: fakeSource((part) => (part === hash ? info : undefined)),
    store: {
      leaseTempRoots: async () => ({
        async add(paths) {
          for (const root of paths) roots.add(root);
        },
        [Symbol.asyncDispose]: async () => roots.clear(),
      }),
    },
    dump: dumpOf(() => pieces(content)),
    keys: [key],
    onFault: (message) => faults.push(message),
    ...change,
  });
  const server = createServer((req, res) => {
    if (!handler.tryServe(req, res)) res.writeHead(418).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  cleanup.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const get = async (url: string, headers: Record<string, string> = {}, method = 'GET') => {
    const req = request({ port, path: url, method, headers, agent: false }).end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    const body = await buffer(res);
    const { date: _date, connection: _connection, ...rest } = res.headers;
    return { status: res.statusCode, headers: rest, body, text: body.toString() };
  };
  return { get, handler, faults, roots, port, server };
}

describe('createCacheHandler', () => {
  it('introduces itself', async () => {
    const { get } = await serve({ priority: 12 });
    const { status, headers, text } = await get('/nix-cache-info');
    expect(text).toBe('StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 12\n');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/x-nix-cache-info',
      'cache-control': 'public, max-age=3600',
      'content-length': String(text.length),
    });
  });

  it('serves a signed narinfo, and 304 to who has it', async () => {
    const { get, handler } = await serve();
    const { status, headers, text } = await get(`/${hash}.narinfo`);
    expect(status).toBe(200);
    expect(text).toContain(`StorePath: ${path}\nURL: ${nar.slice(1)}\nCompression: none\n`);
    expect(text).toMatch(/^Sig: cache-1:/m);
    expect(headers).toMatchObject({
      'content-type': 'text/x-nix-narinfo',
      'cache-control': 'public, max-age=86400',
    });
    expect((await get(`/${hash}.narinfo`, { 'If-None-Match': headers.etag! })).status).toBe(304);
    expect(handler.counters).toMatchObject({ narinfoHits: 2, narinfoMisses: 0 });
  });

  it('answers 404 for what it does not have, not to be remembered', async () => {
    const { get, handler } = await serve();
    const { status, headers } = await get(`/${hash.replace('5', '6')}.narinfo`);
    expect(status).toBe(404);
    expect(headers['cache-control']).toBe('no-store');
    expect(handler.counters).toMatchObject({ narinfoHits: 0, narinfoMisses: 1, faults: 0 });
  });

  it('turns a fault of ours into a miss, and tells of it', async () => {
    const source = fakeSource(() => {
      throw new Error('database is locked');
    });
    const { get, handler, faults } = await serve({ source });
    for (const url of [`/${hash}.narinfo`, nar, `/${hash}.ls`]) expect((await get(url)).status).toBe(404);
    expect(faults).toEqual([
      `GET /${hash}.narinfo: database is locked`,
      `GET ${nar}: database is locked`,
      `GET /${hash}.ls: database is locked`,
    ]);
    expect(handler.counters.faults).toBe(3);
  });

  it('waits for a source that takes its time, and the front door is told to', async () => {
    let ready: (found: PathInfo | undefined) => void = () => {};
    const lookup = () => new Promise<PathInfo | undefined>((resolve) => (ready = resolve));
    const { get, handler } = await serve({ source: fakeSource(lookup) });

    expect(handler.hot.narinfo(Buffer.from(hash), 0)).toBeUndefined();
    const answer = get(`/${hash}.narinfo`);
    await expect.poll(() => handler.hot.narinfo(Buffer.from(hash), 0)).toBeUndefined();
    ready(info);
    expect((await answer).text).toContain(`StorePath: ${path}`);
    expect(handler.hot.narinfo(Buffer.from(hash), 0)?.bytes.toString()).toContain(`StorePath: ${path}`);
    expect(handler.counters).toMatchObject({ narinfoHits: 2, narinfoMisses: 0, faults: 0 });

    const later = get(nar);
    const answering = setInterval(() => ready(info), 5);
    expect((await later).body.equals(content)).toBe(true);
    clearInterval(answering);
  });

  it('tells the front door of a miss, and of a fault as of a miss, which it counts', async () => {
    let isBroken = false;
    const source: PathSource = {
      ...fakeSource(() => undefined),
      version() {
        if (isBroken) throw new Error('locked');
        return 1;
      },
    };
    const { handler, faults } = await serve({ source });
    const asked = Buffer.from('0'.repeat(32));

    expect(handler.hot.narinfo(asked, 0)?.bytes.toString()).toMatch(/^HTTP\/1.1 404 [\s\S]*404 not found\n$/);
    expect(handler.counters).toMatchObject({ narinfoMisses: 1, faults: 0 });
    isBroken = true;
    expect(handler.hot.narinfo(asked, 0)?.bytes.toString()).toMatch(/^HTTP\/1.1 404 /);
    expect(handler.counters).toMatchObject({ narinfoMisses: 1, faults: 1 });
    expect(faults).toEqual([`/${'0'.repeat(32)}.narinfo: locked`]);
  });

  it('turns a source that fails in time into a miss, too', async () => {
    const { get, handler, faults } = await serve({
      source: fakeSource(() => Promise.reject(new Error('no database'))),
    });
    expect(handler.hot.narinfo(Buffer.from(hash), 0)).toBeUndefined();
    for (const url of [`/${hash}.narinfo`, nar]) expect((await get(url)).status).toBe(404);
    expect(faults).toEqual([`GET /${hash}.narinfo: no database`, `GET ${nar}: no database`]);
  });

  it('leaves other methods and other URLs to the caller', async () => {
    const { get } = await serve();
    expect((await get(`/${hash}.narinfo`, {}, 'PUT')).status).toBe(418);
    expect((await get('/', {})).status).toBe(418);
    expect((await get('/nar/../../etc/passwd')).status).toBe(418);
  });

  it('says whether it is well', async () => {
    expect(await (await serve()).get('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
    const source = {
      ...fakeSource(() => undefined),
      version: () => {
        throw new Error('gone');
      },
    };
    const { get, faults } = await serve({ source });
    expect((await get('/healthz')).status).toBe(503);
    expect(faults).toEqual(['GET /healthz: gone']);
  });
});

describe('NARs', () => {
  it('are sent whole under every URL they ever had, with a root while they are sent', async () => {
    let during: string[] = [];
    const { get, handler, roots } = await serve({
      dump: dumpOf(function* () {
        during = [...roots];
        yield* pieces(content);
      }),
    });
    for (const url of [nar, `/nar/${hash}.nar`, `/nar/${narHash}.nar?hash=${hash}`]) {
      const { status, headers, body } = await get(url);
      expect(status).toBe(200);
      expect(body.equals(content)).toBe(true);
      expect(headers).toMatchObject({
        'content-type': 'application/x-nix-nar',
        'content-length': String(content.length),
        'accept-ranges': 'bytes',
        etag: `"${narHash}"`,
      });
      expect(headers).not.toHaveProperty('content-encoding');
      expect(headers['transfer-encoding']).toBeUndefined();
    }
    expect(during).toEqual([path]);
    expect(handler.counters).toMatchObject({ nars: 3, narBytes: 3 * content.length, faults: 0 });
    await expect.poll(() => [...roots]).toEqual([]);
  });

  it('may be kept for ever when the URL says their content', async () => {
    const { get } = await serve();
    expect((await get(nar)).headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await get(`/nar/${hash}.nar`)).headers['cache-control']).toBe('public, max-age=3600');
  });

  it('of another content than the path has now are not there', async () => {
    const { get } = await serve();
    expect((await get(nar.replace(narHash, '0'.repeat(52)))).status).toBe(404);
    expect((await get(`/nar/${'0'.repeat(52)}.nar?hash=${hash}`)).status).toBe(404);
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=69999-70000', 69_999, 70_001],
    ['bytes=70000-139999', 70_000, 140_000],
    ['bytes=500000-', 500_000, content.length],
    ['bytes=-17', content.length - 17, content.length],
    [`bytes=0-${content.length - 1}`, 0, content.length],
  ])('are sent in part: %s', async (range, start, end) => {
    const { get } = await serve();
    const { status, headers, body } = await get(nar, { Range: range });
    expect(status).toBe(206);
    expect(headers['content-range']).toBe(`bytes ${start}-${end - 1}/${content.length}`);
    expect(headers['content-length']).toBe(String(end - start));
    expect(body.equals(content.subarray(start, end))).toBe(true);
  });

  it('have no part beyond their end', async () => {
    const { get } = await serve();
    const { status, headers } = await get(nar, { Range: `bytes=${content.length}-` });
    expect(status).toBe(416);
    expect(headers['content-range']).toBe(`bytes */${content.length}`);
  });

  it('are sent whole when the part was asked of another content', async () => {
    const { get } = await serve();
    expect((await get(nar, { Range: 'bytes=5-', 'If-Range': '"old"' })).status).toBe(200);
    expect((await get(nar, { Range: 'bytes=5-', 'If-Range': `"${narHash}"` })).status).toBe(206);
    expect((await get(nar, { 'If-None-Match': `"${narHash}"` })).status).toBe(304);
  });

  it.each(['', 'bytes=7-', 'bytes=99999999-'])(
    'have the same headers for HEAD as for GET (Range %j)',
    async (Range) => {
      const { get, handler } = await serve();
      const headers: Record<string, string> = Range === '' ? {} : { Range };
      const whole = await get(nar, headers);
      const head = await get(nar, headers, 'HEAD');
      expect(head.body).toHaveLength(0);
      expect({ status: head.status, headers: head.headers }).toEqual({
        status: whole.status,
        headers: whole.headers,
      });
      expect(handler.counters.nars).toBeLessThanOrEqual(1);
    },
  );

  it.each([
    ['changed', Buffer.concat([content.subarray(0, -1), Buffer.from([content.at(-1)! ^ 1])])],
    ['too short', content.subarray(0, -1)],
    ['too long', Buffer.concat([content, Buffer.alloc(1)])],
  ])('that are %s on disk are cut off before their end', async (_what, bytes) => {
    const { get, handler, faults } = await serve({ dump: dumpOf(() => pieces(bytes)) });
    await expect(get(nar)).rejects.toThrow(/aborted|hang up|reset/);
    await expect(get(nar, { Range: 'bytes=100000-' })).rejects.toThrow(/aborted|hang up|reset/);
    expect(faults[0]).toContain(`${path} is damaged: the database says ${content.length} bytes`);
    expect(handler.counters).toMatchObject({ narBytes: 0 });
  });

  it('that fail before anything was sent are a miss', async () => {
    const { get, faults, handler } = await serve({
      dump: dumpOf(() => ({
        [Symbol.iterator]() {
          throw new Error('ENOENT: gone');
        },
      })),
    });
    expect((await get(nar)).status).toBe(404);
    expect(faults).toEqual([`GET ${nar}: ENOENT: gone`]);
    expect(handler.counters.narsCut).toBe(0);
  });

  it('that are collected while their root is asked for are a miss', async () => {
    let gone = false;
    const { get } = await serve({
      source: fakeSource(() => (gone ? undefined : info)),
      store: {
        leaseTempRoots: async () => ({
          add: async () => {
            gone = true;
          },
          [Symbol.asyncDispose]: async () => {},
        }),
      },
    });
    expect((await get(nar)).status).toBe(404);
  });

  it('are sent even when no root can be had', async () => {
    const { get, faults } = await serve({
      store: { leaseTempRoots: () => Promise.reject(new Error('no daemon')) },
    });
    expect((await get(nar)).body.equals(content)).toBe(true);
    expect(faults).toEqual([`GET ${nar}: no daemon`]);
  });
});

describe('clients that go away', () => {
  /** A NAR without end, that counts how much of it was read and whether its source was closed. */
  function endless() {
    const state = { read: 0, closed: false };
    const endlessPieces = function* (): Generator<Uint8Array> {
      try {
        for (; state.read < 1e12; state.read += 65_536) yield Buffer.alloc(65_536);
      } finally {
        state.closed = true;
      }
    };
    const source = fakeSource(() => ({ ...info, narSize: 1e12 }));
    return { state, options: { dump: dumpOf(endlessPieces), source } };
  }
  const ask = `GET ${nar} HTTP/1.1\r\nHost: x\r\n\r\n`;

  it('stop the reading', async () => {
    const { state, options } = endless();
    const { port, faults, handler } = await serve(options);
    const socket = connect(port, '127.0.0.1');
    socket.write(ask);
    await once(socket, 'data');
    socket.destroy();
    await expect.poll(() => state.closed, { timeout: 15_000 }).toBe(true);
    expect(faults).toEqual([]);
    expect(handler.counters).toMatchObject({ nars: 1, narBytes: 0, narsCut: 0 });
  });

  it('stop the reading of what is only skipped for them, too', async () => {
    const { state, options } = endless();
    const { port } = await serve(options);
    const socket = connect(port, '127.0.0.1');
    socket.write(ask.replace('\r\n\r\n', '\r\nRange: bytes=900000000000-\r\n\r\n'));
    await expect.poll(() => state.read).toBeGreaterThan(0);
    socket.destroy();
    await expect.poll(() => state.closed, { timeout: 15_000 }).toBe(true);
  });

  it('or take nothing are not read ahead for, and cut off in the end', async () => {
    const { state, options } = endless();
    const { port } = await serve({ ...options, stallTimeoutMs: 300 });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(ask);
    socket.pause();
    await expect.poll(() => state.closed, { timeout: 15_000 }).toBe(true);
    // What the kernel buffers for a connection, and no more.
    expect(state.read).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
  });

  it('do not hold up others while a long NAR is sent', async () => {
    const { state, options } = endless();
    const { port, get } = await serve(options);
    const socket = connect(port, '127.0.0.1');
    socket.resume();
    socket.write(ask);
    await once(socket, 'data');
    expect((await get('/nix-cache-info')).status).toBe(200);
    expect(state.closed).toBe(false);
    socket.destroy();
    await expect.poll(() => state.closed, { timeout: 15_000 }).toBe(true);
  });
});
