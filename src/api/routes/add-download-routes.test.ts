import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProductRecord } from '../../db/records.ts';
import { openTestApi, type TestApi, testPath } from '../testing/test-api.ts';

const out = testPath('web');
const product: Omit<ProductRecord, 'number'> = {
  type: 'doc',
  subtype: 'manual',
  name: 'text.txt',
  path: `${out}/text.txt`,
  defaultPath: '',
  fileSize: 6,
  sha256: null,
};
const products: readonly ProductRecord[] = [
  { ...product, number: 1 },
  { ...product, number: 2, name: 'manual', path: `${out}/manual`, defaultPath: 'a b/index.html' },
  { ...product, number: 3, name: '', path: out, type: 'nix-build', subtype: '' },
  { ...product, number: 4, name: 'evil', path: `${out}/evil` },
  { ...product, number: 5, name: 'gone', path: `${testPath('gone')}/x` },
  { ...product, number: 6, name: 'outside', path: '/etc/passwd' },
  { ...product, number: 7, name: 'iso', path: `${out}/link`, type: 'file', subtype: 'iso' },
  { ...product, number: 8, name: 'dots', path: `${out}/../${testPath('other').slice(11)}/secret` },
];

let store: string;
beforeAll(async () => {
  store = await mkdtemp(path.join(tmpdir(), 'store-'));
  const at = (name: string): string => store + out.slice('/nix/store'.length) + name;
  await mkdir(at('/manual/a b'), { recursive: true });
  await mkdir(at('/manual/empty'));
  await writeFile(at('/text.txt'), 'Hello\n');
  await writeFile(at('/manual/index.html'), '<h1>Manual</h1>');
  await writeFile(at('/manual/a b/index.html'), '<h1>a b</h1>');
  await writeFile(at('/manual/up.html'), 'up');
  await symlink('text.txt', at('/link'));
  await symlink('../text.txt', at('/manual/inside'));
  await symlink('/etc/passwd', at('/evil'));
  await symlink('../../../../etc/passwd', at('/manual/passwd'));
  await symlink(`../${testPath('other').slice(11)}/secret`, at('/other'));
  await mkdir(path.join(store, testPath('other').slice(11)));
  await writeFile(path.join(store, testPath('other').slice(11), 'secret'), 'secret');
  // A name that begins like that of another store path.
  await symlink(`../${out.slice(11)}-2/x`, at('/neighbour'));
  await mkdir(`${store}${out.slice(10)}-2`);
  await writeFile(`${store}${out.slice(10)}-2/x`, 'neighbour');
});
afterAll(() => rm(store, { recursive: true }));

async function open(): Promise<TestApi> {
  const api = await openTestApi({}, { storeFilesAt: store });
  await api.evaluated(await api.jobset(), [{ job: 'web' }]);
  await api.finished(1, { products });
  return api;
}

const get = async (api: TestApi, url: string, headers: Record<string, string> = {}, method = 'GET') => {
  const response = await api.request(`/build/1/${url}`, { headers, method });
  return {
    status: response.status,
    text: await response.text(),
    header: (name: string) => response.headers.get(name),
  };
};

describe('downloading a product', () => {
  it('gives its file, in a sandbox', async () => {
    await using api = await open();
    const file = await get(api, 'download/1/text.txt');

    expect([file.status, file.text]).toEqual([200, 'Hello\n']);
    expect(file.header('Content-Security-Policy')).toBe('sandbox allow-scripts');
    expect(file.header('Content-Type')).toBe('text/plain; charset=utf-8');
    expect(file.header('X-Content-Type-Options')).toBe('nosniff');
    expect(file.header('Last-Modified')).toBe('Tue, 14 Nov 2023 22:13:25 GMT');
    expect(file.header('Content-Length')).toBe('6');
  });

  it('gives ranges of it', async () => {
    await using api = await open();
    const part = await get(api, 'download/1/text.txt', { Range: 'bytes=1-3' });
    expect([part.status, part.text, part.header('Content-Range')]).toEqual([206, 'ell', 'bytes 1-3/6']);

    const beyond = await get(api, 'download/1/text.txt', { Range: 'bytes=6-' });
    expect([beyond.status, beyond.header('Content-Range')]).toEqual([416, 'bytes */6']);
    const head = await get(api, 'download/1/text.txt', {}, 'HEAD');
    expect([head.status, head.text, head.header('Content-Length')]).toEqual([200, '', '6']);
  });

  it.each([
    ['download/1', '/build/1/download/1/text.txt'],
    ['download/text.txt', '/build/1/download/1/text.txt'],
    ['download/2', '/build/1/download/2/manual/a%20b/index.html'],
    ['download/3', '/build/1/download/3/'],
    ['download/2/manual', '/build/1/download/2/manual/'],
    ['download/2/manual/a%20b?x=1', '/build/1/download/2/manual/a%20b/?x=1'],
    ['download-by-type/doc/manual', '/build/1/download/1'],
    ['download-by-type/doc/none/text.txt', '/build/1/download/1/text.txt'],
    ['download-by-type/file/iso/x?y=1', '/build/1/download/7/x?y=1'],
  ])('sends %s to %s', async (url, to) => {
    await using api = await open();
    const response = await get(api, url);

    expect([response.status, response.header('Location')]).toEqual([302, `http://localhost${to}`]);
  });

  it.each([
    ['download/2/manual/', '<h1>Manual</h1>'],
    ['download/manual/manual/', '<h1>Manual</h1>'],
    ['download/2/manual/a%20b/index.html', '<h1>a b</h1>'],
    ['download/2/manual/a%20b/', '<h1>a b</h1>'],
    ['download/2/up.html', 'up'],
    ['download/2/inside', 'Hello\n'],
    ['download/3/text.txt', 'Hello\n'],
    ['download/7/iso', 'Hello\n'],
  ])('gives %s', async (url, text) => {
    await using api = await open();

    expect(await get(api, url)).toMatchObject({ status: 200, text });
  });

  it.each([
    'download/9',
    'download/nosuch',
    'download/2/manual/empty/',
    'download/2/manual/nosuch',
    'download/1/text.txt/x',
    'download/4/evil',
    'download/2/manual/passwd',
    'download/3/other',
    'download/3/neighbour',
    'download/3/manual/..%2f..%2f',
    'download/3/%2e%2e/x',
    'download/3/..%2f..%2f..%2fetc%2fpasswd',
    `download/3/..%2f${testPath('web').slice(11)}-2%2fx`,
    'download/3/a%00b',
    'download/3/%',
    'download/3/%2fetc%2fpasswd',
    'download/6/outside',
    'download/8/dots',
    'download-by-type/doc/pdf',
    'download-by-type/file',
  ])('does not give %s', async (url) => {
    await using api = await open();
    const { status, text } = await get(api, url);

    expect(status).toBe(404);
    expect(text).not.toMatch(/root:|secret|neighbour/);
    expect(api.faults).toEqual([]);
  });

  it('says when it was garbage-collected', async () => {
    await using api = await open();

    expect((await get(api, 'download/5/gone')).status).toBe(410);
  });
});
