import { afterEach, describe, expect, it } from 'vitest';
import { formatHash } from '../../nix/hash.ts';
import { makeFixedOutputPath } from '../../nix/make-store-path.ts';
import { printNarInfo } from '../../nix/print-narinfo.ts';
import { storePathHash } from '../../nix/store-path.ts';
import {
  openTestSite,
  put,
  type SampleUpload,
  sampleUpload,
  type TestSite,
  upload,
} from '../testing/test-site.ts';

const sites: TestSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site[Symbol.asyncDispose]();
});

/** A cache that has `lib`. */
async function team(checkMentions?: boolean) {
  const site = await openTestSite(checkMentions === undefined ? {} : { checkMentions });
  sites.push(site);
  const cache = await site.cache('team');
  const [base, token] = [`${site.url}/c/team`, await site.token(cache.id)];
  const lib = sampleUpload('lib');
  expect(await upload(base, lib, token)).toBe(200);
  const narinfo = async (sample: SampleUpload, info = sample.info) => {
    expect((await put(`${base}/${sample.name}`, sample.file, token)).status).toBe(200);
    return put(`${base}/${storePathHash(info.storePath)}.narinfo`, printNarInfo(info), token);
  };
  return { site, base, token, lib, narinfo };
}

describe('a path that mentions others', () => {
  it('has to say that it refers to those that the cache has', async () => {
    const { narinfo, lib, site } = await team();
    const silent = sampleUpload('silent', [], { text: `run ${lib.path}/bin/lib` });
    const honest = sampleUpload('honest', [lib.path], { text: `run ${lib.path}/bin/lib` });
    const refused = await narinfo(silent);

    expect(refused.status).toBe(422);
    expect(refused.text).toContain(`${silent.path} mentions ${lib.path}, and its narinfo does not say`);
    expect(refused.text).toContain('undeclared-references = "accept"');
    expect((await narinfo(honest)).status).toBe(200);
    expect(site.faults).toEqual([]);
  });

  it('may mention what the cache does not have, itself, and not mention what it refers to', async () => {
    const { narinfo, lib } = await team();
    const unknown = sampleUpload('unknown', [], { text: `${sampleUpload('nowhere').path}` });
    const self = sampleUpload('self', [], { text: `${sampleUpload('self').path}` });
    const needless = sampleUpload('needless', [lib.path], { text: 'nothing of it' });

    for (const sample of [unknown, self, needless]) expect((await narinfo(sample)).status).toBe(200);
  });

  it('may do so where its name proves what it refers to', async () => {
    const { narinfo, lib } = await team();
    const source = sampleUpload('source', [], { text: `built as ${lib.path}` });
    const hash = source.info.narHash;
    const storePath = makeFixedOutputPath({
      name: 'source',
      method: 'nar',
      hash,
      references: [],
      self: false,
    });
    const contentAddress = `fixed:r:${formatHash(hash, 'nix32')}`;

    expect((await narinfo(source, { ...source.info, storePath, contentAddress })).status).toBe(200);
  });

  it('is told by those that come with it, too', async () => {
    const { site, base, token } = await team();
    const other = sampleUpload('other');
    const silent = sampleUpload('silent', [], { text: `${other.path}` });
    for (const { name, file } of [other, silent]) await put(`${base}/${name}`, file, token);
    const response = await fetch(`${base}/api/v1/paths`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ narinfos: [other, silent].map(({ info }) => printNarInfo(info)) }),
    });

    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: 'cache.references-undeclared' });
    expect(await site.database.cachePaths.count((await site.database.caches.find('team'))?.id ?? 0)).toBe(1);
  });

  it('is found where the file was there before anybody uploaded it', async () => {
    const { site, narinfo, lib } = await team();
    const silent = sampleUpload('silent', [], { text: `run ${lib.path}` });
    const [nar] = [silent.nar];
    await site.stored.materialise(
      { narHash: Buffer.from(silent.info.narHash.bytes).toString('hex'), narSize: nar.length },
      async function* () {
        yield new Uint8Array(nar);
      },
    );

    expect((await narinfo(silent)).status).toBe(422);
  });

  it('is taken where the server is told to take it', async () => {
    const { narinfo, lib } = await team(false);

    expect((await narinfo(sampleUpload('silent', [], { text: `run ${lib.path}` }))).status).toBe(200);
  });
});
