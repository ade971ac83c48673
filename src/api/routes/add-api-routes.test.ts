import { describe, expect, it } from 'vitest';
import { openTestApi, type TestApi, testPath } from '../testing/test-api.ts';

async function open(): Promise<TestApi> {
  const api = await openTestApi();
  const jobset = await api.jobset();
  await api.evaluated(jobset, [
    { job: 'one_job' },
    { job: 'urgent', priority: 200 },
    { job: 'other', system: 'aarch64-linux' },
  ]);
  await api.finished(1);
  return api;
}

const one = {
  id: 1,
  project: 'tests',
  jobset: 'trunk',
  job: 'one_job',
  system: 'x86_64-linux',
  nixname: 'one_job',
  finished: 1,
  timestamp: 1_700_000_000,
  buildstatus: 0,
};

describe('/api/latestbuilds', () => {
  it.each([
    '',
    '&project=tests&jobset=trunk&job=one_job&system=x86_64-linux',
    '&project=&jobset=&job=&system=',
  ])('tells finished builds, narrowed by "%s"', async (filter) => {
    await using api = await open();

    expect(await api.json(`/api/latestbuilds?nr=5${filter}`)).toEqual([one]);
  });

  it.each(['&project=x', '&jobset=x', '&job=one', '&system=aarch64-linux', '&job=%25', '&job=a%00b'])(
    'tells none for %s',
    async (filter) => {
      await using api = await open();

      expect(await api.json(`/api/latestbuilds?nr=5${filter}`)).toEqual([]);
    },
  );

  it('is JSON whoever asks', async () => {
    await using api = await open();
    const response = await api.request('/api/latestbuilds?nr=1', { headers: { Accept: 'text/html' } });

    expect(response.headers.get('Content-Type')).toContain('application/json');
  });
});

describe('/api/queue', () => {
  it('tells what waits, most urgent first', async () => {
    await using api = await open();

    expect(await api.json('/api/queue?nr=1')).toEqual([
      {
        id: 2,
        project: 'tests',
        jobset: 'trunk',
        job: 'urgent',
        system: 'x86_64-linux',
        nixname: 'urgent',
        finished: 0,
        timestamp: 1_700_000_000,
        priority: 200,
      },
    ]);
    expect(await api.json('/api/queue?nr=10')).toMatchObject([{ id: 2 }, { id: 3 }]);
    expect(await api.json('/api/queue?nr=0')).toEqual([]);
    expect(await api.json('/api/nrqueue')).toBe(2);
  });
});

describe('/api/nrbuilds', () => {
  it('counts by hour and day, oldest first', async () => {
    await using api = await open();
    api.clock.now += 3_600_000;
    await api.evaluated(await api.jobset({ name: 'next' }), [{ job: 'x' }]);

    expect(await api.json('/api/nrbuilds?nr=1&period=hour')).toEqual([1]);
    expect(await api.json('/api/nrbuilds?nr=9&period=hour')).toEqual([3, 1]);
    expect(await api.json('/api/nrbuilds?nr=9&period=hour&job=one_job')).toEqual([1]);
    await api.json('/api/nrbuilds?nr=9&period=week', { status: 400 });
    await api.json('/api/nrbuilds?nr=9', { status: 400 });
  });
});

describe('/api/jobsets', () => {
  it('tells how the jobsets of a project stand', async () => {
    await using api = await open();
    await api.database.jobsets.checked(1, { at: 5000, errorMessage: 'no', completed: true });

    expect(await api.json('/api/jobsets?project=tests')).toEqual([
      {
        project: 'tests',
        name: 'trunk',
        nrscheduled: 2,
        nrsucceeded: 1,
        nrfailed: 0,
        nrtotal: 3,
        lastcheckedtime: 5,
        starttime: null,
        checkinterval: 0,
        triggertime: null,
        fetcherrormsg: null,
        errortime: 5,
        haserrormsg: true,
      },
    ]);
    await api.json('/api/jobsets', { status: 400 });
    await api.json('/api/jobsets?project=nosuch', { status: 404 });
  });
});

describe('how many', () => {
  it.each(['/api/latestbuilds', '/api/queue', '/api/nrbuilds?period=day'])(
    'must be said to %s',
    async (url) => {
      await using api = await open();
      const with_ = url.includes('?') ? '&' : '?';

      expect(await api.json(url, { status: 400 })).toMatchObject({
        error: 'nr: wanted how many, got nothing',
      });
      await api.json(`${url}${with_}nr=-1`, { status: 400 });
      await api.json(`${url}${with_}nr=1;drop`, { status: 400 });
      await api.json(`${url}${with_}nr=999999999`);
    },
  );
});

describe('lists of what is going on', () => {
  it('tell builds in full', async () => {
    await using api = await open();
    const step = await api.step({ buildId: 2, drvPath: testPath('urgent.drv') });

    expect(await api.json('/queue')).toEqual([await api.json('/build/2'), await api.json('/build/3')]);
    expect(await api.json('/status')).toEqual([await api.json('/build/2')]);
    expect(await api.json('/steps')).toEqual([]);
    await api.database.steps.end(2, step, { status: 0, errorMessage: null, stoppedAt: 1_700_000_009_000 });
    expect(await api.json('/steps')).toEqual([
      {
        build: 2,
        stepnr: 1,
        drvpath: testPath('urgent.drv'),
        machine: 'local',
        system: 'x86_64-linux',
        status: 0,
        starttime: 1_700_000_000,
        stoptime: 1_700_000_009,
      },
    ]);
    expect(await api.json('/queue-summary')).toMatchObject({ queued: 2, jobsets: { 'tests:trunk': 2 } });
  });

  it('tell the builders', async () => {
    await using api = await open();
    api.builders.push({
      name: 'local',
      systems: ['x86_64-linux'],
      emulatedSystems: [],
      supportedFeatures: ['kvm'],
      mandatoryFeatures: [],
      speedFactor: 1,
      slots: 4,
      isLocal: true,
      drained: false,
      avoidedUntil: null,
      lastLoss: null,
      running: [],
    });

    expect(await api.json('/machines')).toMatchObject({ local: { maxJobs: 4, disabled: false } });
    expect(await api.json('/queue-runner-status')).toMatchObject({ status: 'up', nrStepsBuilding: 0 });
  });

  it('keep robots out', async () => {
    await using api = await open();

    expect(await (await api.request('/robots.txt')).text()).toBe('User-agent: *\nDisallow: /*\n');
  });
});

describe('what administrators do to the queue', () => {
  it('cancels builds of evaluations that are not the latest', async () => {
    await using api = await open();
    await api.evaluated((await api.database.jobsets.list())[0]!, [
      { job: 'one_job', outputs: { out: testPath('new') } },
    ]);
    const clear = (as: string) => api.request('/admin/clear-queue-non-current', { as });

    expect((await clear('olga')).status).toBe(403);
    expect((await clear('root')).status).toBe(302);
    expect(await api.json('/api/queue?nr=9')).toMatchObject([{ id: 4 }]);
    expect(await api.json('/build/2')).toMatchObject({ buildstatus: 4 });
  });

  it('forgets known failures', async () => {
    await using api = await open();
    await api.database.failures.add(['x'], 'no', api.clock.now + 1000);

    expect((await api.request('/admin/clear-failed-cache', { as: 'root' })).status).toBe(302);
    expect(await api.database.failures.find(['x'], api.clock.now)).toEqual([]);
  });
});
