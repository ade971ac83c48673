import { describe, expect, it } from 'vitest';
import { openTestApi, type TestApi, testPath } from '../testing/test-api.ts';

const unfinished = {
  id: 1,
  finished: 0,
  timestamp: 1_700_000_000,
  starttime: null,
  stoptime: null,
  project: 'tests',
  jobset: 'aggregate',
  job: 'aggregate',
  nixname: 'aggregate',
  system: 'x86_64-linux',
  priority: 100,
  buildstatus: null,
  releasename: null,
  drvpath: testPath('aggregate.drv'),
  jobsetevals: [1],
  buildoutputs: { out: { path: testPath('aggregate') } },
  buildproducts: {},
  buildmetrics: {},
};

async function open(): Promise<TestApi> {
  const api = await openTestApi();
  const jobset = await api.jobset({ name: 'aggregate' });
  await api.evaluated(
    jobset,
    ['aggregate', 'a', 'b'].map((job) => ({ job })),
  );
  return api;
}

describe('a build', () => {
  it('is told to the key while it waits', async () => {
    await using api = await open();

    expect(await api.json('/build/1')).toEqual(unfinished);
  });

  it('is told to the key when it is finished', async () => {
    await using api = await open();
    const product = {
      number: 1,
      type: 'nix-build',
      subtype: '',
      name: 'aggregate',
      path: testPath('aggregate'),
      defaultPath: '',
      fileSize: null,
      sha256: null,
    };
    await api.finished(1, {
      releaseName: 'r-1',
      products: [product],
      metrics: [{ name: 'coverage', value: 18.5, unit: '%' }],
      outputs: { out: testPath('aggregate') },
    });

    expect(await api.json('/build/1')).toEqual({
      ...unfinished,
      finished: 1,
      starttime: 1_700_000_001,
      stoptime: 1_700_000_005,
      buildstatus: 0,
      releasename: 'r-1',
      buildproducts: {
        1: {
          type: 'nix-build',
          subtype: '',
          name: 'aggregate',
          filesize: null,
          sha256hash: null,
          path: testPath('aggregate'),
          defaultpath: '',
        },
      },
      buildmetrics: { coverage: { value: 18.5, unit: '%' } },
    });
  });

  it('has outputs without a path where that is not known', async () => {
    await using api = await openTestApi();
    await api.evaluated(await api.jobset(), [{ job: 'ca', outputs: { out: null } }]);

    expect(await api.json('/build/1')).toMatchObject({ buildoutputs: { out: { path: null } } });
  });

  it('knows its constituents and its evaluations', async () => {
    await using api = await open();
    await api.database.evaluations.addConstituents(1, [2, 3]);

    expect(await api.json('/build/1/constituents')).toMatchObject([
      { id: 2, job: 'a', nixname: 'a' },
      { id: 3, job: 'b', nixname: 'b' },
    ]);
    expect(await api.json('/build/2/constituents')).toEqual([]);
    expect(await api.json('/build/1/evals')).toMatchObject({ evals: [{ id: 1, builds: [1, 2, 3] }] });
    const response = await api.request('/build/1/eval/job/a');
    expect(response.headers.get('Location')).toBe('http://localhost/eval/1/job/a');
  });

  it('says what a content-addressed derivation became', async () => {
    await using api = await open();
    expect(await api.json('/build/1/api/get-info')).toEqual({
      buildId: 1,
      drvPath: testPath('aggregate.drv'),
      outPath: testPath('aggregate'),
    });

    const first = await api.step();
    await api.database.steps.end(1, first, {
      status: 13,
      errorMessage: null,
      stoppedAt: 2,
      resolvedDrvPath: testPath('resolved.drv'),
    });
    await api.step({ drvPath: testPath('resolved.drv') });
    expect(await api.json('/build/1/api/get-info')).toMatchObject({
      resolvedSteps: [
        {
          stepnr: 1,
          resolvedDrvPath: testPath('resolved.drv'),
          terminal: { buildId: 1, stepnr: 2, status: null, busy: 30 },
        },
      ],
    });
  });

  it.each(['4', 'x', '1.5', '-1', '99999999999', '1%00', ''])('%j is none', async (id) => {
    await using api = await open();

    await api.json(`/build/${id}`, { status: 404 });
    expect(api.faults).toEqual([]);
  });
});

describe('what is done to a build', () => {
  const go = async (api: TestApi, action: string, as?: string): Promise<number> =>
    (await api.request(`/build/1/${action}`, as === undefined ? {} : { as })).status;

  it('cancel ends it', async () => {
    await using api = await open();
    const response = await api.request('/build/1/cancel', { as: 'canceller' });

    expect(response.status).toBe(302);
    expect(response.headers.get('Location')).toBe('http://localhost/build/1');
    expect(await api.json('/build/1')).toMatchObject({ finished: 1, buildstatus: 4 });
    expect(await api.json('/build/1/cancel', { as: 'canceller', status: 409 })).toMatchObject({
      error: 'Build 1 cannot be cancelled: it is finished.',
    });
  });

  it('restart queues it again', async () => {
    await using api = await open();
    await api.json('/build/1/restart', { as: 'restarter', status: 409 });
    await api.finished(1, { status: 1 });

    expect(await go(api, 'restart', 'restarter')).toBe(302);
    expect(await api.json('/build/1')).toMatchObject({ finished: 0 });
  });

  it('bump puts it to the front, keep keeps it', async () => {
    await using api = await open();
    expect(await go(api, 'bump', 'bumper')).toBe(302);
    expect(await go(api, 'keep/1', 'olga')).toBe(302);
    expect(await api.database.builds.get(1)).toMatchObject({ globalPriority: 1_700_000_000, keep: true });

    expect(await go(api, 'keep/0', 'mia')).toBe(302);
    expect(await api.database.builds.get(1)).toMatchObject({ keep: false });
    expect(await go(api, 'keep/2', 'olga')).toBe(404);
  });

  it.each([
    ['cancel', 'canceller'],
    ['restart', 'restarter'],
    ['bump', 'bumper'],
    ['keep/1', 'olga'],
  ])('%s is for the project and %s', async (action, role) => {
    await using api = await open();
    if (action === 'restart') await api.finished(1, { status: 1 });

    for (const as of [undefined, 'nobody', 'evaluator']) expect(await go(api, action, as)).toBe(403);
    expect(await go(api, action, role)).toBe(302);
  });

  it('is done on POST from our own pages, too', async () => {
    await using api = await open();
    const response = await api.request('/build/1/bump', { as: 'bumper', method: 'POST' });

    expect(response.status).toBe(302);
  });
});
