import { describe, expect, it } from 'vitest';
import { openTestApi, type TestApi, testPath } from '../../testing/test-api.ts';
import { build, step, why } from '../schemas/build.ts';
import { pageOf } from '../schemas/paging.ts';

async function open(): Promise<TestApi> {
  const api = await openTestApi();
  await api.evaluated(await api.jobset(), [{ job: 'web', description: 'A host' }]);
  return api;
}

describe('a build', () => {
  it('is told whole, as its schema has it', async () => {
    await using api = await open();
    await api.step({ logFile: 'x.log', emulated: true });
    await api.step({ type: 'substitution' });
    const answer = await api.json('/api/v1/builds/1');

    expect(build.strict().parse(answer)).toEqual(answer);
    expect(answer).toMatchObject({
      id: 1,
      job: 'web',
      description: 'A host',
      outputs: { out: testPath('web') },
      status: null,
      isCurrent: true,
      evaluations: [1],
      products: [],
      steps: [
        { number: 1, type: 'build', emulated: true, hasLog: true, phase: 30 },
        { number: 2, type: 'substitution', hasLog: false },
      ],
    });
    expect(answer).not.toHaveProperty('steps.0.logFile');
  });

  it('tells its steps in parts', async () => {
    await using api = await open();
    for (let n = 0; n < 5; n += 1) await api.step();

    const first = await api.json('/api/v1/builds/1/steps?limit=2');
    expect(pageOf(step.strict()).strict().parse(first)).toEqual(first);
    expect(first).toMatchObject({ items: [{ number: 1 }, { number: 2 }], total: 5, next: 2 });
    expect(await api.json('/api/v1/builds/1/steps?limit=2&offset=4')).toMatchObject({
      items: [{ number: 5 }],
      next: null,
    });
    expect(await api.json('/api/v1/builds/1/steps?offset=99')).toMatchObject({ items: [], next: null });
    for (const wrong of ['limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'limit=1.5']) {
      expect(await api.json(`/api/v1/builds/1/steps?${wrong}`, { status: 400 })).toMatchObject({
        code: 'api.invalid',
      });
    }
  });

  it.each(['2', '0', '99999999999', 'x', '%00'])('%s is none', async (id) => {
    await using api = await open();
    const response = await api.request(`/api/v1/builds/${id}`);

    expect([400, 404]).toContain(response.status);
    expect(await response.json()).toMatchObject({ error: expect.any(String), code: expect.any(String) });
    expect(api.faults).toEqual([]);
  });
});

describe('why a build waits', () => {
  it('is told for programs and for people', async () => {
    await using api = await open();
    api.reasons.set(1, { type: 'builders-drained', builders: ['ssh://b1', 'ssh://b2'] });
    const answer = await api.json('/api/v1/builds/1/why');

    expect(why.strict().parse(answer)).toEqual(answer);
    expect(answer).toEqual({
      build: 1,
      reason: { type: 'builders-drained', builders: ['ssh://b1', 'ssh://b2'] },
      sentence: 'The builders that could take it are drained: ssh://b1, ssh://b2.',
    });
  });

  it('is that it is finished, in the end', async () => {
    await using api = await open();
    await api.finished(1, { status: 1 });

    expect(await api.json('/api/v1/builds/1/why')).toMatchObject({ reason: { type: 'finished', status: 1 } });
  });
});

describe('what is done to a build', () => {
  const post = (api: TestApi, action: string, as: string, status = 200): Promise<unknown> =>
    api.json(`/api/v1/builds/1/${action}`, { method: 'POST', as, status });

  it('says whether it changed anything', async () => {
    await using api = await open();

    expect(await post(api, 'restart', 'restarter')).toEqual({ build: 1, changed: false });
    expect(await post(api, 'bump', 'bumper')).toEqual({ build: 1, changed: true });
    expect(await post(api, 'cancel', 'canceller')).toEqual({ build: 1, changed: true });
    expect(await post(api, 'cancel', 'canceller')).toEqual({ build: 1, changed: false });
    expect(await post(api, 'restart', 'olga')).toEqual({ build: 1, changed: true });
  });

  it('takes the role, and is on POST only', async () => {
    await using api = await open();

    for (const action of ['cancel', 'restart', 'bump']) {
      expect(await post(api, action, 'evaluator', 403)).toMatchObject({ code: 'api.forbidden' });
    }
    expect(await post(api, 'explode', 'root', 400)).toMatchObject({ code: 'api.invalid' });
    const response = await api.request('/api/v1/builds/1/cancel', { as: 'root' });
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'POST']);
  });
});
