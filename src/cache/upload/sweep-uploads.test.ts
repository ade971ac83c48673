import { afterEach, describe, expect, it } from 'vitest';
import { printNarInfo } from '../../nix/print-narinfo.ts';
import { openTestSite, put, sampleUpload, type TestSite } from '../testing/test-site.ts';
import { sweepUploads, uploadPatienceMs } from './sweep-uploads.ts';

let site: TestSite | undefined;
afterEach(async () => {
  await site?.[Symbol.asyncDispose]();
  site = undefined;
});

async function setUp() {
  const opened = await openTestSite();
  site = opened;
  const cache = await opened.cache('team');
  const base = `${opened.url}/c/team`;
  const token = await opened.token(cache.id);
  const sweep = () => {
    const deps = { uploads: opened.database.cacheUploads, stored: opened.stored, now: opened.now };
    return sweepUploads(deps, new AbortController().signal);
  };
  return { site: opened, base, token, sweep };
}

describe('sweepUploads', () => {
  it('removes what no narinfo followed within a day, and nothing before', async () => {
    const { site, base, token, sweep } = await setUp();
    const [kept, lost] = [sampleUpload('kept'), sampleUpload('lost')];
    for (const { name, file } of [kept, lost]) await put(`${base}/${name}`, file, token);
    await put(`${base}/${kept.hashPart}.narinfo`, printNarInfo(kept.info), token);
    site.pass(uploadPatienceMs);
    expect(await sweep()).toBe(0);
    site.pass(1);

    expect(await sweep()).toBe(1);
    expect(await site.files()).toBe(1);
    expect((await fetch(`${base}/${lost.name}`, { method: 'HEAD' })).status).toBe(404);
    expect((await fetch(`${base}/${kept.name}`, { method: 'HEAD' })).status).toBe(200);
    expect(await sweep()).toBe(0);
  });

  it('leaves a file to another cache that has it, or waits for its narinfo', async () => {
    const { site, base, token, sweep } = await setUp();
    const other = await site.cache('other');
    site.pass(1000);
    const sample = sampleUpload('shared');
    await put(`${base}/${sample.name}`, sample.file, token);
    site.pass(uploadPatienceMs / 2);
    await put(`${site.url}/c/other/${sample.name}`, sample.file, await site.token(other.id));
    site.pass(uploadPatienceMs / 2 + 1);

    expect(await sweep()).toBe(0);
    expect((await fetch(`${site.url}/c/other/${sample.name}`, { method: 'HEAD' })).status).toBe(200);
    site.pass(uploadPatienceMs);
    expect(await sweep()).toBe(1);
    expect(await site.files()).toBe(0);
  });
});
