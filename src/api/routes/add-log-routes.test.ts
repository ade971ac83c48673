import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { testPath } from '../../ci/testing/test-database.ts';
import type { ApiDeps } from '../api-deps.ts';
import { openTestApi, type TestApi } from '../testing/test-api.ts';

const drv = testPath('web.drv').slice('/nix/store/'.length);
const lines = Array.from({ length: 200 }, (_, at) => `line ${at + 1}\n`).join('');

/** A build with two attempts, of which the newer has a long log. */
async function open(change: Partial<ApiDeps> = {}): Promise<TestApi> {
  const api = await openTestApi({}, change);
  await api.evaluated(await api.jobset(), [{ job: 'web' }]);
  for (const [file, text] of [
    ['web.1.log', 'the first attempt\n'],
    ['web.2.log', lines],
  ] as const) {
    const number = await api.step({ logFile: file });
    await api.database.steps.end(1, number, { status: 1, errorMessage: null, stoppedAt: 2 });
    api.logs.set(file, { bytes: Buffer.from(text), live: false });
  }
  return api;
}

async function get(api: TestApi, url: string, headers: Record<string, string> = {}) {
  const response = await api.request(url, { headers });
  return {
    status: response.status,
    text: await response.text(),
    header: (name: string) => response.headers.get(name),
  };
}

describe('a log', () => {
  it('is plain text that runs nothing', async () => {
    await using api = await open();
    const log = await get(api, `/log/${drv}`);

    expect(log.text).toBe(lines);
    expect(log.header('Content-Type')).toBe('text/plain; charset=utf-8');
    expect(log.header('Content-Length')).toBe(String(lines.length));
    expect(log.header('Content-Security-Policy')).toContain('sandbox');
    expect(log.header('X-Content-Type-Options')).toBe('nosniff');
  });

  it.each([
    ['bytes=0-5', 206, 'line 1', `bytes 0-5/${lines.length}`],
    ['bytes=-9', 206, 'line 200\n', `bytes ${lines.length - 9}-${lines.length - 1}/${lines.length}`],
    ['bytes=99999-', 416, '', `bytes */${lines.length}`],
  ])('gives the range %s', async (Range, status, text, range) => {
    await using api = await open();

    for (const url of [`/log/${drv}`, '/build/1/log/raw']) {
      const log = await get(api, url, { Range });
      expect([log.status, log.text, log.header('Content-Range')]).toEqual([status, text, range]);
    }
  });

  it('ends where it ended when it was asked for, while it is written', async () => {
    await using api = await open();
    api.logs.set('web.2.log', { bytes: Buffer.from('so far'), live: true });

    expect(await get(api, `/log/${drv}`)).toMatchObject({ text: 'so far' });
    expect((await get(api, `/log/${drv}`, { Range: 'bytes=3-' })).header('Content-Range')).toBe(
      'bytes 3-5/*',
    );
  });

  it.each([
    ['/build/1/log/tail', lines.split('\n').slice(150).join('\n')],
    [`/log/${drv}?tail=1`, 'line 200\n'],
    [`/log/${drv}?tail=3`, 'line 198\nline 199\nline 200\n'],
    [`/log/${drv}?tail=999999999`, lines],
    [`/log/${drv}?tail=0`, 'line 200\n'],
    [`/log/${drv}?tail=x`, lines],
  ])('has an end: %s', async (url, text) => {
    await using api = await open();

    expect((await get(api, url)).text).toBe(text);
  });

  it('has an end that is far from its beginning, and one without a last line break', async () => {
    await using api = await open();
    const long = `${`${'x'.repeat(99)}\n`.repeat(3000)}a\nb\nlast`;
    api.logs.set('web.2.log', { bytes: Buffer.from(long), live: false });

    expect((await get(api, `/log/${drv}?tail=2`)).text).toBe('b\nlast');
    expect((await get(api, `/log/${drv}?tail=2000`)).text.length).toBe(1997 * 100 + 8);
  });

  it('is there for each attempt', async () => {
    await using api = await open();
    const step = async (number: number): Promise<string | null> =>
      (await get(api, `/build/1/step/${number}/log/raw`)).header('Location');

    expect(await step(2)).toBe(`http://localhost/log/${drv}`);
    expect(await step(1)).toBe(`http://localhost/log/${drv}?build=1&step=1`);
    expect((await get(api, `/log/${drv}?build=1&step=1`)).text).toBe('the first attempt\n');
    expect((await get(api, '/build/1/step/1/log/tail')).text).toBe('the first attempt\n');
  });

  it('is shown as a page with its last lines', async () => {
    await using api = await open();
    api.logs.set('web.2.log', { bytes: Buffer.from('<b>bold</b>\n'), live: false });
    const page = await get(api, '/build/1/log', { Accept: 'text/html' });

    expect(page.header('Content-Type')).toContain('text/html');
    expect(page.text).toContain('<pre>&lt;b&gt;bold&lt;/b&gt;');
    expect(page.text).toContain('href="/build/1/log/raw"');
  });

  it('has old addresses', async () => {
    await using api = await open();
    const old = await get(api, '/build/1/nixlog/2/raw');

    expect(old.status).toBe(301);
    expect(old.header('Location')).toBe('http://localhost/build/1/step/2/log/raw');
    expect((await get(api, '/build/1/nixlog/2')).header('Location')).toBe(
      'http://localhost/build/1/step/2/log',
    );
  });

  it.each([
    `/log/${testPath('nosuch.drv').slice(11)}`,
    '/log/..%2f..%2fetc%2fpasswd',
    '/log/x',
    '/build/1/log/loud',
    '/build/1/step/3',
    '/build/1/step/3/log',
    '/build/9/log',
  ])('is not at %s', async (url) => {
    await using api = await open();

    expect((await get(api, url)).status).toBe(404);
  });

  it('is not there of a step that became another', async () => {
    await using api = await open();
    await api.step({ logFile: null });

    expect((await get(api, '/build/1/step/3/log')).status).toBe(404);
    expect((await get(api, '/build/1/log/raw')).text).toBe(lines);
  });

  it('is what was uploaded, of what was not built here', async () => {
    const name = testPath('other.drv').slice('/nix/store/'.length);
    const text = 'from elsewhere\n';
    const kept = async (asked: string) =>
      [name, drv].includes(asked)
        ? {
            ...{ size: text.length, hash: '' },
            async *read() {
              yield Buffer.from(text);
            },
          }
        : undefined;
    await using api = await open({ keptLog: kept });
    const log = await get(api, `/log/${name}`);

    expect(log).toMatchObject({ status: 200, text });
    expect(log.header('content-length')).toBe(String(text.length));
    expect(log.header('content-security-policy')).toContain('sandbox');
    expect((await get(api, `/log/${drv}`)).text).toBe(lines);
    expect((await get(api, `/log/${testPath('none.drv').slice('/nix/store/'.length)}`)).status).toBe(404);
  });

  it('is what Nix kept of a derivation that was not built here', async () => {
    const nixLogDirectory = await mkdtemp(path.join(tmpdir(), 'logs-'));
    await using api = await open({ nixLogDirectory });
    const name = testPath('elsewhere.drv').slice(11);
    await mkdir(path.join(nixLogDirectory, name.slice(0, 2)));
    await writeFile(path.join(nixLogDirectory, name.slice(0, 2), name.slice(2)), 'of old\n');

    expect((await get(api, `/log/${name}`)).text).toBe('of old\n');
    expect((await get(api, `/log/${testPath('nosuch.drv').slice(11)}`)).status).toBe(404);
    await rm(nixLogDirectory, { recursive: true });
  });
});

describe('a step', () => {
  it('is told to the key', async () => {
    await using api = await open();

    expect(await api.json('/build/1/step/2')).toEqual({
      machine: 'local',
      system: 'x86_64-linux',
      stepnr: 2,
      drvpath: testPath('web.drv'),
      starttime: 1_700_000_000,
      resolveddrvpath: null,
      build: { 1: await api.json('/build/1') },
    });
  });
});

describe('following a log', () => {
  const url = '/api/v1/builds/1/steps/2/log?follow=1';

  it('goes on until the step ends', async () => {
    await using api = await open();
    const log = { bytes: Buffer.from('one '), live: true };
    api.logs.set('web.2.log', log);
    const response = await api.request(url);
    const reader = response.body?.getReader();
    const next = async (): Promise<string> => Buffer.from((await reader?.read())?.value ?? []).toString();

    expect(await next()).toBe('one ');
    log.bytes = Buffer.from('one two ');
    api.logsChanged();
    expect(await next()).toBe('two ');
    log.live = false;
    api.logsChanged();
    expect((await reader?.read())?.done).toBe(true);
  });

  it('begins where it is asked to', async () => {
    await using api = await open();

    expect((await get(api, url, { Range: 'bytes=1691-' })).text).toBe(lines.slice(1691));
  });

  it('begins with its last lines, when only those are wanted, and goes on', async () => {
    await using api = await open();
    const log = { bytes: Buffer.from('one\ntwo\n'), live: true };
    api.logs.set('web.2.log', log);
    const response = await api.request(`${url}&tail=1`);
    log.bytes = Buffer.from('one\ntwo\nthree\n');
    log.live = false;
    api.logsChanged();

    expect(await response.text()).toBe('two\nthree\n');
  });

  it('reads nothing that is not taken, and leaves nothing behind', async () => {
    await using api = await open();
    api.logs.set('web.2.log', { bytes: Buffer.from('one '), live: true });
    const response = await api.request(url);
    await turn();
    expect(api.listeners()).toBe(0);

    const reader = response.body?.getReader();
    await reader?.read();
    const waiting = reader?.read();
    await turn();
    expect(api.listeners()).toBe(1);

    await reader?.cancel();
    await waiting;
    await turn();
    expect(api.listeners()).toBe(0);
  });
});
