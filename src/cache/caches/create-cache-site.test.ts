import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { formatBareHash } from '../../nix/hash.ts';
import type { NarTree } from '../../nix/nar-writer.ts';
import { parseNarInfo } from '../../nix/parse-narinfo.ts';
import { printNarInfo } from '../../nix/print-narinfo.ts';
import {
  openTestSite,
  put,
  sampleUpload,
  sha256,
  type TestSite,
  type TestSiteOptions,
  upload,
} from '../testing/test-site.ts';
import { narName } from '../upload/parse-upload-url.ts';

const sites: TestSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site[Symbol.asyncDispose]();
});

async function siteWith(options: TestSiteOptions = {}): Promise<TestSite> {
  const site = await openTestSite(options);
  sites.push(site);
  return site;
}

/** A public cache `team`, its address and a token that may push to it. */
async function team(settings: Parameters<TestSite['cache']>[1] = {}, options: TestSiteOptions = {}) {
  const site = await siteWith(options);
  const cache = await site.cache('team', settings);
  return { site, cache, base: `${site.url}/c/team`, token: await site.token(cache.id) };
}

/** Its entries are in order, which they are no more when `aaa` is called `zzz`. */
const tree: NarTree = {
  type: 'directory',
  entries: new Map(
    ['aaa', 'bbb'].map((name) => [name, { type: 'regular', contents: Buffer.from(name) } as const]),
  ),
};

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (token: string) => ({
  authorization: `Basic ${Buffer.from(`any:${token}`).toString('base64')}`,
});

describe('a named cache', () => {
  it('says what it is', async () => {
    const { base } = await team();
    const info = await fetch(`${base}/nix-cache-info`);

    expect(await info.text()).toBe('StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n');
  });

  it('takes a path in, and has it from then on, signed', async () => {
    const { site, base, token } = await team();
    const hello = sampleUpload('hello');
    expect((await fetch(`${base}/${hello.hashPart}.narinfo`)).status).toBe(404);
    expect((await fetch(`${base}/${hello.name}`, { method: 'HEAD' })).status).toBe(404);

    expect(await upload(base, hello, token)).toBe(200);
    const narinfo = parseNarInfo(await (await fetch(`${base}/${hello.hashPart}.narinfo`)).text(), 'narinfo');

    expect(narinfo).toMatchObject({ storePath: hello.path, narSize: hello.nar.length, references: [] });
    expect(narinfo.signatures.map((signature) => signature.split(':')[0])).toEqual([site.key.name]);
    const head = await fetch(`${base}/${hello.name}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(hello.file.length)]);
    expect(site.faults).toEqual([]);
  });

  it('lists what is in a path', async () => {
    const { base, token } = await team();
    const hello = sampleUpload('hello');
    await upload(base, hello, token);
    const listing = await fetch(`${base}/${hello.hashPart}.ls`);

    expect(await listing.json()).toEqual({ version: 1, root: { type: 'regular', size: 14, narOffset: 96 } });
    expect((await fetch(`${base}/${'0'.repeat(32)}.ls`)).status).toBe(404);
  });

  it('passes on the signatures that a path came with, and its content address', async () => {
    const { site, base, token } = await team();
    const hello = sampleUpload('hello');
    const foreign = `elsewhere-1:${Buffer.alloc(64, 1).toString('base64')}`;
    const forged = `${site.key.name}:${Buffer.alloc(64, 1).toString('base64')}`;
    const signed = { ...hello, info: { ...hello.info, signatures: [foreign, forged] } };
    expect(await upload(base, signed, token)).toBe(200);
    const text = await (await fetch(`${base}/${hello.hashPart}.narinfo`)).text();

    expect(text).toContain(foreign);
    expect(text).not.toContain(forged);
    expect(text).toContain(`Sig: ${site.key.name}:`);
  });

  it('keeps apart what it has from what another has', async () => {
    const { site, base, token } = await team();
    const hello = sampleUpload('hello');
    await upload(base, hello, token);
    const other = await site.cache('other');
    const otherToken = await site.token(other.id);
    site.pass(1000);

    expect((await fetch(`${site.url}/c/other/${hello.hashPart}.narinfo`)).status).toBe(404);
    expect((await fetch(`${site.url}/c/other/${hello.name}`)).status).toBe(404);
    // Knowing the hash of somebody's file is not having it.
    const claimed = await put(
      `${site.url}/c/other/${hello.hashPart}.narinfo`,
      printNarInfo(hello.info),
      otherToken,
    );
    expect([claimed.status, claimed.text]).toEqual([
      422,
      expect.stringContaining('has not been uploaded to this'),
    ]);
    expect(await upload(`${site.url}/c/other`, hello, otherToken)).toBe(200);
    expect(await site.files()).toBe(1);
  });

  it('is found a moment after it was made, and gone a moment after it was deleted', async () => {
    const site = await siteWith();
    expect((await fetch(`${site.url}/c/team/nix-cache-info`)).status).toBe(401);
    const { id } = await site.cache('team');
    site.pass(1000);
    expect((await fetch(`${site.url}/c/team/nix-cache-info`)).status).toBe(200);
    await site.database.caches.delete(id);
    site.pass(5000);

    expect((await fetch(`${site.url}/c/team/nix-cache-info`)).status).toBe(401);
  });

  it('answers nothing rather than something unsigned when the server has not its key', async () => {
    const { site, base } = await team({ keys: ['lost-1'] });

    expect((await fetch(`${base}/${'0'.repeat(32)}.narinfo`)).status).toBe(404);
    expect((await fetch(`${base}/nix-cache-info`)).status).toBe(500);
    expect(site.faults[0]).toContain('is to be signed with lost-1, and the server has no such key');
  });

  it.each([
    '/c/team/../../etc/passwd',
    '/c/team/nar/../../../etc/passwd',
    '/c/team/%2e%2e/%2e%2e/etc/passwd',
    '/c/team//nix-cache-info',
    '/c/team/c/team/nix-cache-info',
    '/c/../nix-cache-info',
    '/c/team',
    '/c/team/',
    '/c/TEAM/nix-cache-info',
    '/c//nix-cache-info',
  ])('has nothing at %s', async (target) => {
    const { site, token } = await team();
    for (const method of ['GET', 'PUT', 'POST', 'DELETE']) {
      const answer = await new Promise<number>((resolve, reject) => {
        const req = request(
          { port: site.port, host: '127.0.0.1', method, path: target, headers: bearer(token) },
          (res) => {
            res.resume();
            resolve(res.statusCode ?? 0);
          },
        );
        req.on('error', reject);
        req.end();
      });
      expect([401, 404, 405]).toContain(answer);
    }
    expect(await site.files()).toBe(0);
    expect(site.faults).toEqual([]);
  });
});

describe('a private cache', () => {
  it('wants a token for everything, and tells nobody else what it has, or that it is there', async () => {
    const { site, base, token } = await team({ isPrivate: true });
    const hello = sampleUpload('hello');
    expect(await upload(base, hello, token)).toBe(200);

    const below = [
      'nix-cache-info',
      `${hello.hashPart}.narinfo`,
      `${hello.hashPart}.ls`,
      hello.name,
      'healthz',
      'x',
    ];
    for (const name of below) {
      for (const url of [`${base}/${name}`, `${site.url}/c/nowhere/${name}`]) {
        const answer = await fetch(url);
        expect([answer.status, answer.headers.get('www-authenticate'), await answer.text()]).toEqual([
          401,
          'Basic realm="proteus"',
          expect.stringContaining('there is no such cache here, or reading it needs a token'),
        ]);
      }
    }
  });

  it.each([
    ['Bearer', bearer],
    ['Basic', basic],
  ])('is read with a %s token', async (_, header) => {
    const { site, cache, base, token } = await team({ isPrivate: true });
    const hello = sampleUpload('hello');
    await upload(base, hello, token);
    const reader = await site.token(cache.id, false);
    const narinfo = await fetch(`${base}/${hello.hashPart}.narinfo`, { headers: header(reader) });

    expect(narinfo.status).toBe(200);
    expect(narinfo.headers.get('cache-control')).toBe('private, max-age=86400');
    const pushed = await put(`${base}/${hello.name}`, hello.file, reader);
    expect([pushed.status, pushed.text]).toEqual([
      403,
      expect.stringContaining('may read the cache, not upload'),
    ]);
  });

  it('does not take the token of another cache, one that expired, or one that was taken back', async () => {
    const { site, cache, base, token } = await team({ isPrivate: true });
    const other = await site.token((await site.cache('other')).id);
    const status = async (secret: string) =>
      (await fetch(`${base}/nix-cache-info`, { headers: bearer(secret) })).status;

    expect(await status(other)).toBe(401);
    expect(await status('proteus_cache_wrong')).toBe(401);
    expect(await status('reader')).toBe(401);
    expect(await status('root-user')).toBe(200);
    expect(await status(token)).toBe(200);
    for (const { id } of await site.database.cacheTokens.list(cache.id))
      await site.database.cacheTokens.delete(cache.id, id);
    site.pass(5001);
    expect(await status(token)).toBe(401);
  });
});

describe('uploading', () => {
  it('wants a token, before anything of the body is read', async () => {
    const { site, base, port } = await team().then((made) => ({ ...made, port: made.site.port }));
    const hello = sampleUpload('hello');
    for (const name of [hello.name, `${hello.hashPart}.narinfo`, 'nix-cache-info', `${hello.hashPart}.ls`])
      expect((await put(`${base}/${name}`, 'x')).status).toBe(401);

    const socket = connect(port, '127.0.0.1');
    const head = `PUT /c/team/${hello.name} HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\nConnection: close\r\n\r\n`;
    socket.write(head);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 /);
    expect(await site.files()).toBe(0);
  });

  it('tells a client that waits to send only when it is to', async () => {
    const { site, token } = await team();
    const hello = sampleUpload('hello');
    const ask = async (authorization: string): Promise<string> => {
      const socket = connect(site.port, '127.0.0.1');
      const answer = text(socket);
      socket.write(
        `PUT /c/team/${hello.name} HTTP/1.1\r\nHost: a\r\n${authorization}Expect: 100-continue\r\n` +
          `Content-Length: ${hello.file.length}\r\nConnection: close\r\n\r\n`,
      );
      socket.once('data', (chunk: Buffer) => {
        if (chunk.toString().startsWith('HTTP/1.1 100 ')) socket.write(hello.file);
        else socket.end();
      });
      return answer;
    };

    expect(await ask('')).toMatch(/^HTTP\/1\.1 401 /);
    expect(await ask(`Authorization: Bearer ${token}\r\n`)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /,
    );
    expect(await site.files()).toBe(1);
  });

  it('takes what Nix puts besides', async () => {
    const { base, token } = await team();
    const h32 = '0'.repeat(32);
    const things: readonly (readonly [string, string])[] = [
      ['nix-cache-info', 'StoreDir: /nix/store\n'],
      [`${h32}.ls`, '{}'],
      [`log/${h32}-hello.drv`, 'building\n'],
    ];
    for (const [name, body] of things) expect((await put(`${base}/${name}`, body, token)).status).toBe(200);
    expect((await put(`${base}/nix-cache-info`, 'StoreDir: /gnu/store\n', token)).text).toContain(
      'wanted a nix-cache-info of /nix/store, got "/gnu/store"',
    );
    expect((await put(`${base}/other`, 'x', token)).status).toBe(404);
  });

  it('reads narinfos that are compressed, and no bombs', async () => {
    const { base, token } = await team();
    const hello = sampleUpload('hello');
    const url = `${base}/${hello.hashPart}.narinfo`;
    await put(`${base}/${hello.name}`, hello.file, token);

    const bomb = await put(url, gzipSync(Buffer.alloc(50_000_000)), token, { 'content-encoding': 'gzip' });
    expect([bomb.status, bomb.text]).toEqual([413, expect.stringContaining('wanted at most 1.0 MiB')]);
    const broken = await put(url, 'not gzip', token, { 'content-encoding': 'gzip' });
    expect([broken.status, broken.text]).toEqual([422, expect.stringContaining('the body is not gzip')]);
    expect((await put(url, 'x', token, { 'content-encoding': 'lzw' })).status).toBe(415);
    expect((await put(url, Buffer.alloc(2_000_000), token)).status).toBe(413);
    const good = gzipSync(printNarInfo(hello.info));
    expect((await put(url, good, token, { 'content-encoding': 'gzip' })).status).toBe(200);
  });

  it('refuses files that are not what they say, and keeps nothing of them', async () => {
    const { site, base, token } = await team({}, { maxFileBytes: 1000, maxNarBytes: 10_000 });
    const hello = sampleUpload('hello');
    const refuse = async (name: string, body: Uint8Array, status: number): Promise<void> => {
      const answer = await put(`${base}/${name}`, body, token);
      expect([name, answer.status]).toEqual([name, status]);
    };
    await refuse(hello.name, Buffer.from('something else'), 422);
    await refuse(hello.name, hello.file.subarray(0, -1), 422);
    await refuse(hello.name.replace('.zst', '.xz'), hello.file, 422);
    await refuse(hello.name, Buffer.alloc(1001), 413);
    const bomb = sampleUpload('bomb', [], { text: 'x'.repeat(20_000) });
    await refuse(bomb.name, bomb.file, 422);
    const nameOf = (bytes: Uint8Array): string => narName(formatBareHash(sha256(bytes), 'nix32'), 'none');
    const swapped = Buffer.from(
      sampleUpload('tree', [], { tree }).nar.toString('latin1').replace('aaa', 'zzz'),
      'latin1',
    );
    for (const nar of [
      swapped,
      hello.nar.subarray(0, -8),
      Buffer.concat([hello.nar, Buffer.alloc(8)]),
      Buffer.alloc(64),
    ])
      await refuse(nameOf(nar), nar, 422);

    expect(await site.files()).toBe(0);
    expect(await upload(base, hello, token)).toBe(200);
  });

  it('refuses narinfos of another path, place, content or size', async () => {
    const { site, base, token } = await team();
    const hello = sampleUpload('hello');
    const other = sampleUpload('other');
    for (const { name, file } of [hello, other]) await put(`${base}/${name}`, file, token);
    const url = `${base}/${hello.hashPart}.narinfo`;
    const wrong = async (change: Partial<typeof hello.info>): Promise<string> => {
      const answer = await put(url, printNarInfo({ ...hello.info, ...change }), token);
      expect(answer.status).toBe(422);
      return answer.text;
    };

    expect(await wrong({ storePath: other.path })).toContain('the narinfo put at');
    expect(await wrong({ url: other.name, fileHash: undefined })).toContain('its NarHash is');
    expect(await wrong({ url: other.name })).toContain('its FileHash is not the hash in its URL');
    expect(await wrong({ url: `http://127.0.0.1/${hello.name}` })).toContain('wanted a URL of this cache');
    expect(await wrong({ url: `../${hello.name}` })).toContain('wanted a URL of this cache');
    expect(await wrong({ url: `nar/../${hello.name}` })).toContain('wanted a URL of this cache');
    expect(await wrong({ narSize: hello.nar.length + 1 })).toContain('its NarSize is');
    expect(await wrong({ fileSize: 1 })).toContain('its FileSize is 1');
    expect(await wrong({ compression: 'none' })).toContain('its Compression is "none", but the file is zstd');
    expect(await wrong({ narHash: other.info.narHash })).toContain('its NarHash is');
    expect(
      await wrong({ contentAddress: 'fixed:r:sha256:1wh2v7avbcin9ci7xj2k5ncdxnw0dg57ly83sb85y885fr8b93g0' }),
    ).toContain('that is the address of');
    expect((await put(url, 'StorePath: x\n', token)).status).toBe(400);
    expect((await fetch(url)).status).toBe(404);
    expect(site.faults).toEqual([]);
  });

  it('wants what a path refers to first', async () => {
    const { base, token } = await team();
    const lib = sampleUpload('lib');
    const app = sampleUpload('app', [lib.path]);
    await put(`${base}/${app.name}`, app.file, token);
    const early = await put(`${base}/${app.hashPart}.narinfo`, printNarInfo(app.info), token);

    expect([early.status, early.text]).toEqual([422, expect.stringContaining(lib.path)]);
    expect((await fetch(`${base}/${app.hashPart}.narinfo`)).status).toBe(404);
    expect(await upload(base, lib, token)).toBe(200);
    expect(await upload(base, app, token)).toBe(200);
  });

  it('never changes a path: the same again is fine, anything else a conflict', async () => {
    const { base, token } = await team();
    const hello = sampleUpload('hello');
    await upload(base, hello, token);
    expect(await upload(base, hello, token)).toBe(200);

    const other = sampleUpload('hello', [], { text: 'something else' });
    expect(await upload(base, other, token)).toBe(409);
    const text = await (await fetch(`${base}/${hello.hashPart}.narinfo`)).text();
    expect(parseNarInfo(text, 'narinfo').narHash).toEqual(hello.info.narHash);
  });

  it('takes the same path from several at once', async () => {
    const { site, base, token } = await team();
    const hello = sampleUpload('hello');
    const statuses = await Promise.all(Array.from({ length: 8 }, () => upload(base, hello, token)));

    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await site.database.cachePaths.count(2)).toBe(1);
  });

  it('keeps to the quota, and says how much is left before the body comes', async () => {
    const big = sampleUpload('big', [], { text: Array.from({ length: 500 }, (_, n) => n * 7919).join() });
    const { site, base, token } = await team({ quota: big.file.length + 100 });
    const two = sampleUpload('two', [], { text: Array.from({ length: 500 }, (_, n) => n * 104_729).join() });
    expect(await upload(base, big, token)).toBe(200);
    const full = await put(`${base}/${two.name}`, two.file, token);

    expect([full.status, full.text]).toEqual([507, expect.stringMatching(/may hold .* and has 100 B left/)]);
    expect(await site.files()).toBe(1);
    expect(site.faults).toEqual([]);
    // What is there already costs nothing.
    expect(await upload(base, big, token)).toBe(200);
  });

  it('goes on answering when a client breaks off', async () => {
    const { site, base, token } = await team();
    const hello = sampleUpload('hello');
    const socket = connect(site.port, '127.0.0.1');
    socket.write(
      `PUT /c/team/${hello.name} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Length: ${hello.file.length}\r\n\r\n`,
    );
    socket.write(hello.file.subarray(0, 10), () => socket.destroy());
    await new Promise((resolve) => socket.once('close', resolve));

    expect(await upload(base, hello, token)).toBe(200);
    expect(site.faults).toEqual([]);
  });
});

describe('the batch API', () => {
  it('says what is missing, takes a closure at once, and gives many narinfos at once', async () => {
    const { base, token } = await team();
    const lib = sampleUpload('lib');
    const app = sampleUpload('app', [lib.path]);
    const post = async (name: string, body: unknown): Promise<unknown> => {
      const answer = await fetch(`${base}/api/v1/${name}`, {
        method: 'POST',
        headers: bearer(token),
        body: JSON.stringify(body),
      });
      return { status: answer.status, ...((await answer.json()) as object) };
    };
    const hashParts = [lib.hashPart, app.hashPart];
    expect(await post('paths/missing', { hashParts })).toEqual({ status: 200, missing: hashParts });
    for (const { name, file } of [lib, app]) await put(`${base}/${name}`, file, token);
    const narinfos = [app, lib].map(({ info }) => printNarInfo(info));

    expect(await post('paths', { narinfos: [narinfos[0]] })).toMatchObject({
      status: 422,
      code: 'cache.references-missing',
    });
    expect(await post('paths', { narinfos })).toEqual({ status: 200, added: 2 });
    expect(await post('paths', { narinfos })).toEqual({ status: 200, added: 0 });
    expect(await post('paths/missing', { hashParts })).toEqual({ status: 200, missing: [] });
    const single = await (await fetch(`${base}/${app.hashPart}.narinfo`)).text();
    expect(await post('narinfo', { hashParts: [app.hashPart, '0'.repeat(32)] })).toEqual({
      status: 200,
      narinfos: { [app.hashPart]: single },
    });
    expect(await post('paths', { narinfos: [] })).toMatchObject({ status: 400, code: 'cache.invalid' });
    expect(await post('paths/missing', { hashParts: ['../x'] })).toMatchObject({ status: 400 });
    expect(await post('nothing', {})).toMatchObject({ status: 405 });
  });

  it('is for who may', async () => {
    const { site, cache, base } = await team();
    const reader = await site.token(cache.id, false);
    const ask = async (name: string, headers: Record<string, string>): Promise<number> =>
      (await fetch(`${base}/api/v1/${name}`, { method: 'POST', headers, body: '{"hashParts":[]}' })).status;

    expect(await ask('narinfo', {})).toBe(200);
    expect(await ask('paths', {})).toBe(401);
    expect(await ask('paths', bearer(reader))).toBe(403);
  });
});

describe('the cache at the root', () => {
  it('is left to its own handler while it is public', async () => {
    const site = await siteWith();
    for (const name of ['nix-cache-info', `${'0'.repeat(32)}.narinfo`, 'project/x', 'log/x'])
      expect((await fetch(`${site.url}/${name}`)).status).toBe(418);
    expect((await put(`${site.url}/project/x`, '{}')).status).toBe(418);
  });

  it('takes uploads from who may', async () => {
    const site = await siteWith();
    const main = await site.database.caches.find('main');
    const hello = sampleUpload('hello');
    expect((await put(`${site.url}/${hello.name}`, hello.file)).status).toBe(401);
    expect((await put(`${site.url}/${hello.name}`, hello.file, 'reader')).status).toBe(401);

    expect(await upload(site.url, hello, await site.token(main?.id ?? 0))).toBe(200);
    expect(await upload(site.url, sampleUpload('two'), 'root-user')).toBe(200);
    expect(site.addedToRoot).toEqual([hello.hashPart, sampleUpload('two').hashPart]);
  });

  it('is read with a token of its own, of a user or of the server where it is private', async () => {
    const site = await siteWith({ rootIsPrivate: true });
    const token = await site.token(1, false);
    const status = async (headers: Record<string, string>, name = 'nix-cache-info') =>
      (await fetch(`${site.url}/${name}`, { headers })).status;

    expect(await status({})).toBe(401);
    expect(await status({}, `${'0'.repeat(32)}.narinfo`)).toBe(401);
    expect(await status({}, `nar/${'0'.repeat(32)}.nar`)).toBe(401);
    expect(await status({}, 'project/x')).toBe(418);
    expect(await status({}, 'healthz')).toBe(418);
    for (const secret of [token, 'reader', 'own', 'root-user']) expect(await status(basic(secret))).toBe(200);
    expect((await put(`${site.url}/nix-cache-info`, 'StoreDir: /nix/store\n', 'own')).status).toBe(401);
  });
});
