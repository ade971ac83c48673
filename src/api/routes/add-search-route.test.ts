import { describe, expect, it } from 'vitest';
import { openTestApi, type TestApi, testPath } from '../testing/test-api.ts';

async function open(): Promise<TestApi> {
  const api = await openTestApi();
  await api.evaluated(await api.jobset({ description: 'all of it' }), [
    { job: 'web_100' },
    { job: 'web1100' },
  ]);
  const hidden = { displayname: 'Hidden', enabled: true };
  await api.json('/project/hidden', { method: 'PUT', as: 'root', body: hidden, status: 201 });
  return api;
}

const search = (api: TestApi, query: string, status = 200): Promise<unknown> =>
  api.json(`/search/?query=${query}`, { status });

describe('searching', () => {
  it('finds projects and jobsets by name and description, whatever the case', async () => {
    await using api = await open();

    expect(await search(api, 'TEST')).toMatchObject({ projects: [{ name: 'tests' }], jobsets: [] });
    expect(await search(api, 'runk')).toMatchObject({ projects: [], jobsets: [{ name: 'trunk' }] });
    expect(await search(api, 'hidden')).toMatchObject({ projects: [] });
  });

  it('finds builds by output and by derivation', async () => {
    await using api = await open();

    expect(await search(api, testPath('web_100'))).toEqual({
      projects: [],
      jobsets: [],
      builds: [await api.json('/build/1')],
      buildsdrv: [],
    });
    expect(await search(api, testPath('web1100.drv'))).toMatchObject({ builds: [], buildsdrv: [{ id: 2 }] });
    expect(await search(api, '/nix/store/')).toMatchObject({ builds: [], buildsdrv: [] });
  });

  it('finds jobs for people, a _ being no wildcard', async () => {
    await using api = await open();
    const page = await (await api.request('/search?query=b_1')).text();

    expect(page).toContain('web_100');
    expect(page).not.toContain('web1100');
  });

  it.each(['', '%20', 'a%25', 'a%27b', "a';drop", 'a%00', '%5C', '%C3%BC', 'x'.repeat(301)])(
    'refuses "%s"',
    async (query) => {
      await using api = await open();

      await search(api, query, 400);
      expect(api.faults).toEqual([]);
    },
  );

  it('gives at most so many', async () => {
    await using api = await open();
    for (let n = 0; n < 60; n += 1) await api.jobset({ name: `many${n}` });

    expect(await search(api, 'many')).toHaveProperty('jobsets.length', 10);
    expect(await search(api, 'many&limit=3')).toHaveProperty('jobsets.length', 3);
    expect(await search(api, 'many&limit=9999')).toHaveProperty('jobsets.length', 50);
    expect(await search(api, 'many&limit=0')).toHaveProperty('jobsets.length', 1);
    expect(await search(api, 'many&limit=x')).toHaveProperty('jobsets.length', 10);
  });
});
