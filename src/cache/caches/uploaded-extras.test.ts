import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NarTree } from '../../nix/nar-writer.ts';
import { printNarInfo } from '../../nix/print-narinfo.ts';
import { generateSecretKey } from '../../nix/signing-key.ts';
import { storePathBaseName } from '../../nix/store-path.ts';
import { narKey } from '../stored/nar-file.ts';
import {
  openTestSite,
  put,
  type SampleUpload,
  sampleUpload,
  type TestSite,
  upload,
} from '../testing/test-site.ts';

let site: TestSite;
let base: string;
let token: string;
let cacheId: number;
beforeEach(async () => {
  site = await openTestSite();
  ({ id: cacheId } = await site.cache('team'));
  base = `${site.url}/c/team`;
  token = await site.token(cacheId);
});
afterEach(() => site[Symbol.asyncDispose]());

const drv = `${'7'.repeat(32)}-app.drv`;
const id = `sha256:${'ab'.repeat(32)}!out`;
const foreign = generateSecretKey('elsewhere-1').sign('whatever');

function doi({ path }: SampleUpload, change: object = {}): string {
  const outPath = storePathBaseName(path);
  return JSON.stringify({ dependentRealisations: {}, id, outPath, signatures: [foreign], ...change });
}
const json = async (url: string): Promise<unknown> => (await fetch(url)).json();

describe('a log', () => {
  it('is there as it was sent, in whatever encoding', async () => {
    const log = 'building\nü\n'.repeat(100_000);
    expect(
      (await put(`${base}/log/${drv}`, gzipSync(log), token, { 'content-encoding': 'gzip' })).status,
    ).toBe(200);

    const answer = await fetch(`${base}/log/${drv}`);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    expect(await answer.text()).toBe(log);
    const head = await fetch(`${base}/log/${drv}`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(log)));
    const known = { 'if-none-match': answer.headers.get('etag') ?? '' };
    expect((await fetch(`${base}/log/${drv}`, { headers: known })).status).toBe(304);
    expect((await fetch(`${site.url}/c/team/log/${'8'.repeat(32)}-app.drv`)).status).toBe(404);
  });

  it('is never another, and the same again is no more than one', async () => {
    await put(`${base}/log/${drv}`, 'one', token);
    expect((await put(`${base}/log/${drv}`, 'one', token)).status).toBe(200);
    const other = await put(`${base}/log/${drv}`, 'two', token);

    expect(other).toMatchObject({ status: 409 });
    expect(other.text).toContain(`the cache has another log of ${drv}`);
    expect(await (await fetch(`${base}/log/${drv}`)).text()).toBe('one');
    expect(await Array.fromAsync(site.blobs.list('log/'))).toHaveLength(1);
  });

  it('is each cache’s own, and wants a token that may push', async () => {
    const { id: other } = await site.cache('other');
    await put(`${base}/log/${drv}`, 'one', token);

    expect((await fetch(`${site.url}/c/other/log/${drv}`)).status).toBe(404);
    expect((await put(`${site.url}/c/other/log/${drv}`, 'two', await site.token(other))).status).toBe(200);
    expect((await put(`${base}/log/${drv}`, 'one', await site.token(cacheId, false))).status).toBe(403);
  });

  it('counts for the quota', async () => {
    const { id: other } = await site.cache('small', { quota: 10 });
    const full = await put(`${site.url}/c/small/log/${drv}`, 'a log', await site.token(other));

    expect(full.status).toBe(507);
    expect(await Array.fromAsync(site.blobs.list('log/'))).toEqual([]);
  });

  it.each([60_000, 600_000])('of %i bytes that is damaged never ends as a whole one', async (size) => {
    // Of random digits, so that it is damaged rather than cannot be unpacked.
    await put(`${base}/log/${drv}`, randomBytes(size / 2).toString('hex'), token);
    const [blob] = await Array.fromAsync(site.blobs.list('log/'));
    const file = site.blobs.fileOf(blob?.key ?? '') ?? '';
    const bytes = await readFile(file);
    const at = Math.floor(bytes.length * 0.9);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(file, bytes);

    const answer = fetch(`${base}/log/${drv}`).then(async (got) => (got.ok ? got.text() : 'refused'));
    // Small ones are not begun, large ones are cut.
    expect(await answer.catch(() => 'cut')).toBe(size > 256 * 1024 ? 'cut' : 'refused');
    expect(site.faults.join()).toContain(`the log of ${drv}`);
  });

  it('goes with the paths that its derivation made', async () => {
    const sample = sampleUpload('app');
    const info = { ...sample.info, deriver: sample.path.replace(/[^/]+$/, drv) as typeof sample.path };
    await put(`${base}/${sample.name}`, sample.file, token);
    expect((await put(`${base}/${sample.hashPart}.narinfo`, printNarInfo(info), token)).status).toBe(200);
    await put(`${base}/log/${drv}`, 'one', token);
    const later = site.now() + 1;
    await site.kept.sweep(later);
    expect((await fetch(`${base}/log/${drv}`)).status).toBe(200);
    await site.database.cachePaths.remove(cacheId, [sample.hashPart]);
    await site.kept.sweep(later);

    expect((await fetch(`${base}/log/${drv}`)).status).toBe(404);
    expect(await Array.fromAsync(site.blobs.list('log/'))).toEqual([]);
  });
});

describe('a realisation', () => {
  it('is there signed by the cache, as long as its path is', async () => {
    const sample = sampleUpload('app');
    await upload(base, sample, token);
    expect((await put(`${base}/realisations/${encodeURIComponent(id)}.doi`, doi(sample), token)).status).toBe(
      200,
    );

    const outPath = storePathBaseName(sample.path);
    const signed = JSON.stringify({ dependentRealisations: {}, id, outPath });
    expect(await json(`${base}/realisations/${id}.doi`)).toEqual({
      ...{ dependentRealisations: {}, id, outPath },
      signatures: [foreign, site.key.sign(signed)],
    });
    await site.database.cachePaths.remove(cacheId, [sample.hashPart]);
    site.pass(31_000);
    expect((await fetch(`${base}/realisations/${id}.doi`)).status).toBe(404);
  });

  it('is there in the newer form, too', async () => {
    const sample = sampleUpload('app');
    await upload(base, sample, token);
    const outPath = storePathBaseName(sample.path);
    const colon = foreign.indexOf(':');
    const signature = { keyName: foreign.slice(0, colon), sig: foreign.slice(colon + 1) };
    const body = JSON.stringify({ outPath, signatures: [signature] });
    expect((await put(`${base}/build-trace-v2/${drv}/out.doi`, body, token)).status).toBe(200);

    expect(await json(`${base}/build-trace-v2/${drv}/out.doi`)).toMatchObject({
      outPath,
      signatures: [signature, { keyName: 'cache-1' }],
    });
  });

  it('is only of paths that the cache has, and never of another', async () => {
    const [sample, other] = [sampleUpload('app'), sampleUpload('other')];
    const at = `${base}/realisations/${id}.doi`;
    const missing = await put(at, doi(sample), token);
    expect(missing).toMatchObject({ status: 422 });
    expect(missing.text).toContain(`${sample.path}, which the cache does not have`);
    await upload(base, sample, token);
    await upload(base, other, token);

    expect((await put(at, doi(sample), token)).status).toBe(200);
    expect((await put(at, doi(sample, { signatures: [] }), token)).status).toBe(200);
    expect((await put(at, doi(other), token)).status).toBe(409);
    expect(await json(at)).toMatchObject({ outPath: storePathBaseName(sample.path) });
  });

  it('cannot have been made with what became something else here', async () => {
    const [sample, other] = [sampleUpload('app'), sampleUpload('other')];
    await upload(base, sample, token);
    await upload(base, other, token);
    await put(`${base}/realisations/${id}.doi`, doi(sample), token);
    const next = id.replace('ab', 'cd');
    const made = (dependency: SampleUpload): string =>
      doi(other, { id: next, dependentRealisations: { [id]: storePathBaseName(dependency.path) } });

    expect((await put(`${base}/realisations/${next}.doi`, made(other), token)).status).toBe(409);
    expect((await put(`${base}/realisations/${next}.doi`, made(sample), token)).status).toBe(200);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['of another address', JSON.stringify({ id: id.replace('ab', 'cd'), outPath: `${'1'.repeat(32)}-x` })],
    ['of no path', JSON.stringify({ id, outPath: '/etc/passwd' })],
    ['of a path outside', JSON.stringify({ id, outPath: `../${'1'.repeat(32)}-x` })],
    ['with something else', JSON.stringify({ id, outPath: `${'1'.repeat(32)}-x`, more: 1 })],
    ['with a broken signature', JSON.stringify({ id, outPath: `${'1'.repeat(32)}-x`, signatures: ['a:b'] })],
    [
      'with broken dependencies',
      JSON.stringify({ id, outPath: `${'1'.repeat(32)}-x`, dependentRealisations: { a: 'b' } }),
    ],
  ])('is refused when it is %s', async (_what, body) => {
    const refused = await put(`${base}/realisations/${id}.doi`, body, token);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain(id);
  });
});

describe('debug information', () => {
  const buildId = '0123456789abcdef0123456789abcdef01234567';
  const member = `lib/debug/.build-id/01/${buildId.slice(2)}.debug`;
  const folders = ([name, ...rest]: readonly string[]): NarTree =>
    name === undefined
      ? { type: 'regular', contents: Buffer.from('symbols') }
      : { type: 'directory', entries: new Map([[name, folders(rest)]]) };
  const sample = sampleUpload('app-debug', [], { tree: folders(member.split('/')) });

  it('is found in the NARs themselves', async () => {
    await site.cache('other');
    const said = JSON.stringify({ archive: `../${sample.name}`, member });
    expect((await put(`${base}/debuginfo/${buildId}`, said, token)).status).toBe(200);
    expect((await fetch(`${base}/debuginfo/${buildId}`)).status).toBe(404);
    await upload(base, sample, token);

    const found = (await json(`${base}/debuginfo/${buildId}`)) as { archive: string; member: string };
    expect(found.member).toBe(member);
    const nar = await fetch(new URL(found.archive, `${base}/debuginfo/${buildId}`));
    expect(Buffer.from(await nar.arrayBuffer())).toEqual(sample.nar);
    expect((await fetch(`${site.url}/c/other/debuginfo/${buildId}`)).status).toBe(404);
  });

  it.each([
    ['of another program', { archive: `../${sample.name}`, member: member.replace('/01/', '/02/') }],
    ['elsewhere', { archive: 'https://elsewhere.example/x', member }],
    ['with something else', { archive: `../${sample.name}`, member, more: 1 }],
  ])('that is %s is refused', async (_what, said) => {
    expect((await put(`${base}/debuginfo/${buildId}`, JSON.stringify(said), token)).status).toBe(422);
  });
});

describe('files of a path that is in no store', () => {
  const lib = sampleUpload('lib', [], {
    tree: {
      type: 'directory',
      entries: new Map([['text', { type: 'regular', contents: Buffer.from('from lib') }]]),
    },
  });
  const random = randomBytes(300_000);
  const app = sampleUpload('app', [lib.path], {
    tree: {
      type: 'directory',
      entries: new Map([
        ['10', { type: 'regular', contents: Buffer.from('ten') }],
        ['9', { type: 'regular', contents: Buffer.alloc(0), executable: true }],
        ['big', { type: 'regular', contents: random }],
        ['to-lib', { type: 'symlink', target: `${lib.path}/text` }],
        ['out', { type: 'symlink', target: '/etc/passwd' }],
      ]),
    },
  });
  const serve = (name: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${base}/serve/${app.hashPart}/${name}`, { headers });
  beforeEach(async () => {
    await upload(base, lib, token);
    await upload(base, app, token);
  });

  it('are listed, in the order of their bytes', async () => {
    const { entries } = (await json(`${base}/serve/${app.hashPart}/?json`)) as { entries: readonly object[] };
    expect(entries).toEqual([
      { name: '10', type: 'regular', size: 3 },
      { name: '9', type: 'regular', size: 0, executable: true },
      { name: 'big', type: 'regular', size: 300_000 },
      { name: 'out', type: 'symlink', target: '/etc/passwd' },
      { name: 'to-lib', type: 'symlink', target: `${lib.path}/text` },
    ]);
    expect(await json(`${base}/${app.hashPart}.ls`)).toMatchObject({
      root: { entries: { big: { size: 300_000 } } },
    });
  });

  it('are served whole and in parts, through links to other paths, and to nowhere else', async () => {
    expect(await (await serve('10')).text()).toBe('ten');
    expect(await (await serve('9')).text()).toBe('');
    expect(await (await serve('to-lib')).text()).toBe('from lib');
    expect(Buffer.from(await (await serve('big')).arrayBuffer())).toEqual(random);
    const part = await serve('big', { range: 'bytes=200000-200099' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 200000-200099/300000');
    expect(Buffer.from(await part.arrayBuffer())).toEqual(random.subarray(200_000, 200_100));
    expect((await serve('big', { range: 'bytes=300000-' })).status).toBe(416);
    for (const name of ['out', 'none', 'big/x', 'toString', '10/'])
      expect((await serve(name)).status).toBe(404);
  });

  it('never end as whole ones when the file with the NAR is damaged', async () => {
    const nar = site.stored.byFileHash(app.info.url.slice('nar/'.length, -'.nar.zst'.length));
    if (nar === undefined) throw new Error('it was uploaded');
    expect((await serve('10')).status).toBe(200);
    const file = site.blobs.fileOf(narKey(nar)) ?? '';
    const bytes = await readFile(file);
    // Near the end, behind what is asked for.
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
    await writeFile(file, bytes);

    const answer = await serve('10')
      .then(async (got) => (got.ok ? got.text() : got.status))
      .catch(() => 'cut');
    expect(answer).not.toBe('ten');
  });
});
