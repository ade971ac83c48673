import { describe, expect, it } from 'vitest';
import type { BuildStatus } from '../../db/build-status.ts';
import { openTestApi, type TestApi, testPath } from '../testing/test-api.ts';

/** An evaluation with a build of each status; null: unfinished. */
async function evaluation(
  api: TestApi,
  statuses: readonly (BuildStatus | null)[],
): Promise<readonly number[]> {
  const jobset = await api.jobset();
  const { jobs } = await api.evaluated(
    jobset,
    statuses.map((_, at) => ({
      job: `job${at}`,
      drvPath: testPath(`${at}.drv`),
      outputs: { out: testPath(`${at}`) },
    })),
  );
  for (const [at, status] of statuses.entries()) {
    if (status !== null) await api.finished(jobs[at]?.buildId ?? 0, { status });
  }
  return jobs.map(({ buildId }) => buildId);
}

const unfinished = async (api: TestApi): Promise<readonly number[]> =>
  (await api.database.builds.queue(100)).map(({ id }) => id);

describe('an evaluation', () => {
  it('is told to the key, and its builds with all they have', async () => {
    await using api = await openTestApi();
    const [id = 0] = await evaluation(api, [null]);

    expect(await api.json('/eval/1')).toEqual({
      id: 1,
      timestamp: 1_700_000_000,
      checkouttime: 1,
      evaltime: 2,
      hasnewbuilds: 1,
      flake: null,
      builds: [id],
      jobsetevalinputs: {
        src: expect.objectContaining({ type: 'git', uri: 'https://example.org/src.git' }),
      },
    });
    expect(await api.json('/eval/1/builds')).toEqual([await api.json(`/build/${id}`)]);
    expect(await api.json('/eval/1?compare=5&full=1')).toMatchObject({ id: 1 });
    await api.json('/eval/2', { status: 404 });
    await api.json('/eval/x', { status: 404 });
    await api.json('/eval/99999999999', { status: 404 });
  });

  it('streams very many builds as one list', async () => {
    await using api = await openTestApi();
    const ids = await evaluation(api, Array<null>(1201).fill(null));

    const builds = await api.json('/eval/1/builds');
    expect(Array.isArray(builds) && builds.map(({ id }) => id)).toEqual(ids);
  });

  it('without builds has an empty list', async () => {
    await using api = await openTestApi();
    await evaluation(api, []);

    expect(await api.json('/eval/1/builds')).toEqual([]);
  });

  it('shows its builds to browsers', async () => {
    await using api = await openTestApi();
    await evaluation(api, [0, null]);
    const page = await (await api.request('/eval/1/builds')).text();

    expect(page).toContain('<a href="/build/1"');
    expect(page).toContain('job1');
  });

  it('knows the paths that can be installed', async () => {
    await using api = await openTestApi();
    const [first = 0, second = 0] = await evaluation(api, [null, null]);
    const product = {
      number: 1,
      type: 'nix-build',
      subtype: '',
      name: 'x',
      path: testPath('0'),
      defaultPath: '',
    };
    await api.finished(first, { products: [{ ...product, fileSize: null, sha256: null }] });
    await api.finished(second);

    expect(await api.json('/eval/1/store-paths')).toEqual([testPath('0')]);
  });

  it('leads to the build of a job, with the rest of the address', async () => {
    await using api = await openTestApi();
    const [, second] = await evaluation(api, [null, null]);
    const response = await api.request('/eval/1/job/job1/download/1/a%20b?x=1');

    expect(response.status).toBe(302);
    expect(response.headers.get('Location')).toBe(`http://localhost/build/${second}/download/1/a%20b?x=1`);
    await api.json('/eval/1/job/nosuch', { status: 404 });
  });

  it('tells its errors in the words that scripts look for', async () => {
    await using api = await openTestApi();
    await evaluation(api, [0]);
    const error = { file: null, line: null, column: null, trace: 'long' };
    await api.database.evaluations.addErrors(1, [
      { ...error, job: 'a', message: 'error: no' },
      { ...error, job: 'b', message: 'error: neither' },
    ]);

    expect(await api.json('/eval/1/errors')).toMatchObject({
      id: 1,
      errormsg: 'in job ‘a’:\nerror: no\n\nin job ‘b’:\nerror: neither\n\n',
    });
  });
});

describe('what is done to all builds of an evaluation', () => {
  it('cancel: those that are not finished', async () => {
    await using api = await openTestApi();
    const [first, second] = await evaluation(api, [0, null]);
    const response = await api.request('/eval/1/cancel', { as: 'canceller' });

    expect(response.status).toBe(302);
    expect(response.headers.get('Location')).toBe('http://localhost/eval/1');
    expect(await api.json(`/build/${first}`)).toMatchObject({ buildstatus: 0 });
    expect(await api.json(`/build/${second}`)).toMatchObject({ finished: 1, buildstatus: 4 });
  });

  it('cancel: the evaluation itself while it is under way', async () => {
    await using api = await openTestApi();
    const jobset = await api.jobset();
    await api.database.evaluations.begin({
      jobsetId: jobset.id,
      startedAt: 1,
      checkoutMs: 0,
      inputHash: 'x',
      flake: null,
      nixExprInput: null,
      nixExprPath: null,
      inputs: [],
    });
    await api.request('/eval/1/cancel', { as: 'root' });

    expect(api.told).toContain(`cancel evaluation of ${jobset.id}`);
  });

  it('restart-aborted: those that the infrastructure failed', async () => {
    await using api = await openTestApi();
    const ids = await evaluation(api, [0, 1, 2, 3, 4, 6, 7, 9, 10]);
    await api.request('/eval/1/restart-aborted', { as: 'restarter' });

    expect(await unfinished(api)).toEqual([ids[3], ids[4], ids[7]]);
  });

  it('restart-failed: all that did not succeed', async () => {
    await using api = await openTestApi();
    const ids = await evaluation(api, [0, 1, 2, 3, 4, 6, 7, 9, 10]);
    await api.request('/eval/1/restart-failed', { as: 'restarter', method: 'POST' });

    expect(await unfinished(api)).toEqual(ids.slice(1));
  });

  it('bump: those that wait come first', async () => {
    await using api = await openTestApi();
    const [, second] = await evaluation(api, [0, null]);
    await api.request('/eval/1/bump', { as: 'bumper' });

    expect(await api.database.builds.get(second ?? 0)).toMatchObject({ globalPriority: 1_700_000_000 });
  });

  it.each([
    ['cancel', 'canceller'],
    ['restart-aborted', 'restarter'],
    ['restart-failed', 'restarter'],
    ['bump', 'bumper'],
  ])('%s is for owners, members and the role of %s', async (action, role) => {
    await using api = await openTestApi();
    await evaluation(api, [null, 3]);
    const status = async (as?: string): Promise<number> =>
      (await api.request(`/eval/1/${action}`, as === undefined ? {} : { as })).status;

    expect(await status()).toBe(403);
    expect(await status('nobody')).toBe(403);
    expect(await status('evaluator')).toBe(403);
    for (const as of ['olga', 'mia', 'root', role]) expect(await status(as)).toBe(302);
  });
});
