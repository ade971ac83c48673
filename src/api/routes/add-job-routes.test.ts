import { describe, expect, it } from 'vitest';
import { openTestApi, type TestApi, testPath } from '../testing/test-api.ts';

/** Three evaluations of job `iso.x86`, the first two finished: succeeded, failed, and under way beside another job. */
async function open(): Promise<TestApi> {
  const api = await openTestApi();
  const jobset = await api.jobset();
  const build = async (n: number, more: readonly string[] = []): Promise<void> => {
    await api.evaluated(
      jobset,
      ['iso.x86', ...more].map((job) => ({
        job,
        outputs: { out: testPath(`${job}${n}`) },
        drvPath: testPath(`${n}.drv`),
      })),
    );
  };
  await build(1);
  await api.finished(1, { size: 96, closureSize: 1096, metrics: [{ name: 'a.b', value: 1.5, unit: 'KiB' }] });
  await build(2);
  await api.finished(2, { status: 1 });
  await build(3, ['other']);
  await api.finished(3, { size: 97, closureSize: 1097, metrics: [{ name: 'a.b', value: 2, unit: null }] });
  return api;
}

const location = async (api: TestApi, url: string): Promise<string | number> => {
  const response = await api.request(url);
  return response.status === 302 ? (response.headers.get('Location') ?? '') : response.status;
};

describe('the latest build of a job', () => {
  it.each([
    ['latest', 'build/3'],
    ['latest/download/1', 'build/3/download/1'],
    ['latest/download-by-type/file/iso?a=b', 'build/3/download-by-type/file/iso?a=b'],
    ['latest-for/x86_64-linux', 'build/3'],
    ['latest-for/x86_64-linux/download/1', 'build/3/download/1'],
    ['latest-finished', 'build/1'],
    ['latest-finished/constituents', 'build/1/constituents'],
  ])('%s is %s', async (from, to) => {
    await using api = await open();

    expect(await location(api, `/job/tests/trunk/iso.x86/${from}`)).toBe(`http://localhost/${to}`);
  });

  it.each([
    ['/jobset/tests/trunk/latest', 'build/3'],
    ['/jobset/tests/trunk/latest-finished/log', 'build/1/log'],
    ['/project/tests/latest/log', 'build/3/log'],
    ['/project/tests/latest-for/x86_64-linux', 'build/3'],
    ['/latest', 'build/3'],
    ['/latest-finished', 'build/1'],
  ])('%s is %s', async (from, to) => {
    await using api = await open();

    expect(await location(api, from)).toBe(`http://localhost/${to}`);
  });

  it.each([
    '/job/tests/trunk/nosuch/latest',
    '/job/tests/trunk/other/latest',
    '/job/tests/trunk/iso.x86/latest-for/aarch64-linux',
    '/job/tests/trunk/iso.x86/latest-for',
    '/job/tests/nosuch/iso.x86/latest',
    '/job/nosuch/trunk/iso.x86/latest',
    '/job/tests/trunk/a%00b/latest',
  ])('is not there at %s', async (url) => {
    await using api = await open();

    expect(await location(api, url)).toBe(404);
  });
});

describe('a job', () => {
  it('lists its newest builds', async () => {
    await using api = await open();

    expect(await api.json('/job/tests/trunk/iso.x86')).toMatchObject({
      job: 'iso.x86',
      builds: [{ id: 3, buildstatus: 0 }, { id: 2, buildstatus: 1 }, { id: 1 }],
    });
    await api.json('/job/tests/trunk/nosuch', { status: 404 });
  });

  it.each([
    [0, 'green', 'passing'],
    [4, 'yellow', 'cancelled'],
    [1, 'red', 'failing'],
    [3, 'red', 'failing'],
  ] as const)('with status %i has a %s shield', async (status, color, message) => {
    await using api = await openTestApi();
    await api.evaluated(await api.jobset(), [{ job: 'web' }]);
    await api.json('/job/tests/trunk/web/shield', { status: 404 });
    await api.finished(1, { status });

    expect(await api.json('/job/tests/trunk/web/shield')).toEqual({
      schemaVersion: 1,
      label: 'hydra build',
      color,
      message,
    });
  });

  it('tells Prometheus under the old names', async () => {
    await using api = await open();
    const text = await (await api.request('/job/tests/trunk/iso.x86/prometheus')).text();

    const labels = '{project="tests",jobset="trunk",job="iso.x86"}';
    expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      `hydra_job_completion_time${labels} 1700000005`,
      `hydra_job_failed${labels} 0`,
      `hydra_build_closure_size${labels} 1097`,
      `hydra_build_output_size${labels} 97`,
      '',
    ]);
    expect(text).toContain('# TYPE hydra_job_completion_time counter');
  });

  it('has charts of what succeeded, oldest first', async () => {
    await using api = await open();
    const chart = (name: string): Promise<unknown> => api.json(`/job/tests/trunk/iso.x86/${name}`);
    const timestamp = 1_700_000_000;

    expect(await chart('build-times')).toEqual([
      { id: 1, timestamp, value: 4 },
      { id: 3, timestamp, value: 4 },
    ]);
    expect(await chart('closure-sizes')).toEqual([
      { id: 1, timestamp, value: 1096 },
      { id: 3, timestamp, value: 1097 },
    ]);
    expect(await chart('output-sizes')).toMatchObject([{ value: 96 }, { value: 97 }]);
    expect(await chart('metric/a.b')).toEqual([
      { id: 1, timestamp, value: 1.5, unit: 'KiB' },
      { id: 3, timestamp, value: 2, unit: null },
    ]);
    expect(await chart('metric/nosuch')).toEqual([]);
  });
});

describe('finished builds', () => {
  it.each(['/job/tests/trunk/iso.x86', '/jobset/tests/trunk', '/project/tests', ''])(
    'are listed at %s/all',
    async (prefix) => {
      await using api = await open();

      expect(await api.json(`${prefix}/all`)).toMatchObject({
        builds: [{ id: 3 }, { id: 2 }, { id: 1 }],
        total: 3,
        first: '?page=1',
        last: '?page=1',
      });
      expect(await api.json(`${prefix}/all?page=2`)).toMatchObject({ builds: [], previous: '?page=1' });
    },
  );
});
