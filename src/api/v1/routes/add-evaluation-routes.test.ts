import { describe, expect, it } from 'vitest';
import type { EvaluationProgress } from '../../../ci/ci.ts';
import { openTestApi, type TestApi } from '../../testing/test-api.ts';
import { evaluation, jobError, runningEvaluations } from '../schemas/evaluation.ts';
import { pageOf } from '../schemas/paging.ts';

const progress: EvaluationProgress = {
  jobsetId: 1,
  project: 'tests',
  jobset: 'trunk',
  evaluationId: null,
  phase: 'fetching',
  startedAt: 1,
  jobsDone: 0,
  jobsFailed: 0,
  jobsTotal: null,
  current: ['a'],
};
const jobset = '/api/v1/projects/tests/jobsets/trunk';
const post = (api: TestApi, path: string, as: string, status: number, body?: object): Promise<unknown> =>
  api.json(`${jobset}/${path}`, { method: 'POST', as, status, ...(body && { body }) });

describe('asking for an evaluation', () => {
  it('is done at once, with force when that is said', async () => {
    await using api = await openTestApi();
    await api.jobset();

    expect(await post(api, 'evaluate', 'evaluator', 202)).toEqual({
      project: 'tests',
      jobset: 'trunk',
      force: false,
    });
    await post(api, 'evaluate', 'olga', 202, {});
    await post(api, 'evaluate', 'olga', 202, { force: true });
    expect(api.told).toEqual(['trigger 1', 'trigger 1', 'force 1']);
  });

  it.each([
    ['nobody', undefined, 403],
    ['root', { force: 'yes' }, 400],
  ])('by %s with %j is refused', async (as, body, status) => {
    await using api = await openTestApi();
    await api.jobset();

    await post(api, 'evaluate', as, status, body);
    expect(api.told).toEqual([]);
  });

  it('of what is not there is refused', async () => {
    await using api = await openTestApi();

    for (const name of ['nosuch', '..%2ftrunk']) {
      const path = `/api/v1/projects/tests/jobsets/${name}/evaluate`;
      expect((await api.request(path, { method: 'POST', as: 'root' })).status).toBe(404);
    }
  });
});

describe('evaluations under way', () => {
  it('are told', async () => {
    await using api = await openTestApi();
    api.running = [progress];
    const answer = await api.json('/api/v1/evaluations/running');

    expect(runningEvaluations.parse(answer)).toEqual(answer);
    expect(answer).toEqual({ evaluations: [progress] });
  });

  it('are ended', async () => {
    await using api = await openTestApi();
    await api.jobset();

    expect(await post(api, 'cancel-evaluation', 'evaluator', 200)).toEqual({ cancelled: false });
    api.running = [progress];
    expect(await post(api, 'cancel-evaluation', 'mia', 200)).toEqual({ cancelled: true });
    await post(api, 'cancel-evaluation', 'nobody', 403);
  });
});

describe('an evaluation', () => {
  it('is told whole, as its schema has it', async () => {
    await using api = await openTestApi();
    await api.evaluated(await api.jobset(), [{ job: 'a' }, { job: 'b' }]);
    await api.finished(1);
    const answer = await api.json('/api/v1/evaluations/1');

    expect(evaluation.strict().parse(answer)).toEqual(answer);
    expect(answer).toMatchObject({
      id: 1,
      project: 'tests',
      jobset: 'trunk',
      state: 'done',
      checkoutMs: 1500,
      inputs: [{ name: 'src', type: 'git' }],
      counts: { total: 2, scheduled: 1, succeeded: 1, failed: 0 },
    });
    await api.json('/api/v1/evaluations/2', { status: 404 });
  });

  it('tells its errors in parts', async () => {
    await using api = await openTestApi();
    await api.evaluated(await api.jobset(), []);
    const error = { message: 'no', file: '/a.nix', line: 3, column: null, trace: 'long' };
    await api.database.evaluations.addErrors(1, [
      { ...error, job: 'a' },
      { ...error, job: 'b' },
    ]);
    const answer = await api.json('/api/v1/evaluations/1/errors?limit=1&offset=1');

    expect(pageOf(jobError.strict()).parse(answer)).toEqual(answer);
    expect(answer).toEqual({ items: [{ ...error, job: 'b' }], total: 2, next: null });
  });

  it('of a network tells what the network says', async () => {
    await using api = await openTestApi();
    await api.evaluated(await api.jobset(), []);
    await api.json('/api/v1/evaluations/1/network', { status: 404 });
    await api.database.evaluations.setNetwork(1, '{"hosts":{"web":{}}}');

    expect(await api.json('/api/v1/evaluations/1/network')).toEqual({ hosts: { web: {} } });
  });
});
