import { describe, expect, it } from 'vitest';
import { rolloutLogFile } from '../../../ci/rollouts/rollout-log.ts';
import { networkJson } from '../../../ci/testing/network-json.ts';
import { testPath } from '../../../ci/testing/test-database.ts';
import { openTestApi, type TestApi } from '../../testing/test-api.ts';
import { evaluationHostsReply } from '../schemas/evaluation.ts';
import { pageOf } from '../schemas/paging.ts';
import {
  host,
  journalEntry,
  rollout,
  rolloutChange,
  rolloutDetails,
  rolloutPlan,
} from '../schemas/rollout.ts';

/** An evaluation of hosts a and b that were built, and c that was not. */
async function withFleet(api: TestApi): Promise<number> {
  const jobset = await api.jobset();
  const { id, jobs } = await api.evaluated(jobset, [{ job: 'a' }, { job: 'b' }, { job: 'c' }]);
  await api.database.evaluations.setNetwork(id, networkJson(['a', 'b', 'c']));
  for (const { job, buildId } of jobs) await api.finished(buildId, { status: job === 'c' ? 1 : 0 });
  return id;
}

const post = (api: TestApi, path: string, body: object | undefined, status: number, as = 'root') =>
  api.json(`/api/v1/${path}`, { method: 'POST', as, status, ...(body && { body }) });
const fleet = { project: 'tests', jobset: 'trunk' };

describe('rollouts over HTTP', () => {
  it('are planned, shown, approved and steered', async () => {
    await using api = await openTestApi();
    const evaluation = await withFleet(api);
    const wanted = { ...fleet, policy: { parallel: 2 }, waves: { canary: 1 }, why: 'a fix' };
    const made = rolloutDetails.parse(await post(api, 'rollouts', wanted, 201));

    expect(made).toMatchObject({
      id: `trunk-${evaluation}-x1`,
      state: 'planned',
      action: 'switch',
      createdBy: 'root',
      why: 'a fix',
      hosts: [
        { host: 'a', wave: 0, toplevel: testPath('a'), result: null },
        { host: 'b', wave: 1 },
      ],
      leftOut: [{ host: 'c', why: expect.stringMatching(/^its build \d+ did not succeed$/) }],
      plan: { waves: [['a'], ['b']], policy: { parallel: 2, failureBudget: 0 } },
    });
    expect(api.told).toEqual([]);
    const path = `rollouts/${made.id}`;
    expect(rollout.parse(await post(api, `${path}/approve`, undefined, 200))).toMatchObject({
      approvedBy: 'root',
    });
    expect(api.told).toEqual([`run ${made.id}`]);
    expect(await post(api, `${path}/pause`, undefined, 200)).toMatchObject({ state: 'paused' });
    expect(await post(api, `${path}/resume`, undefined, 200)).toMatchObject({ state: 'running' });
    expect(await post(api, `${path}/abort`, undefined, 200)).toMatchObject({ state: 'aborting' });
    expect(await post(api, `${path}/pause`, undefined, 409)).toMatchObject({ code: 'rollout.state' });
    expect(rolloutDetails.parse(await api.json(`/api/v1/${path}`))).toMatchObject({ state: 'aborting' });
    expect(await post(api, 'rollouts/nosuch/approve', undefined, 404)).toMatchObject({
      code: 'api.not-found',
    });
  });

  it('tell what would be planned, and keep nothing of it', async () => {
    await using api = await openTestApi();
    await withFleet(api);
    const wanted = { ...fleet, selectors: { on: 'b' }, dryRun: true };
    const { plan, leftOut } = rolloutPlan.parse(await post(api, 'rollouts', wanted, 200));

    expect(plan.hosts.map(({ name }) => name)).toEqual(['b']);
    expect(leftOut).toEqual([]);
    expect(await api.json('/api/v1/rollouts')).toEqual({ items: [], total: 0, next: null });
  });

  it('are listed in pages, with what they did', async () => {
    await using api = await openTestApi();
    await withFleet(api);
    const { id } = rolloutDetails.parse(await post(api, 'rollouts', fleet, 201));
    const page = async (query: string) =>
      pageOf(rollout).parse(await api.json(`/api/v1/rollouts${query}`)).total;

    expect(await page('?project=tests&state=planned')).toBe(1);
    expect(await page('?state=ended')).toBe(0);
    expect(await page('?jobset=other')).toBe(0);
    const journal = await api.json(`/api/v1/rollouts/${id}/journal`);
    expect(pageOf(journalEntry).parse(journal).items).toMatchObject([{ type: 'planned', by: 'root' }]);
    await api.json('/api/v1/rollouts?state=wrong', { status: 400 });
  });

  it('say what changes on each host, once that is known', async () => {
    await using api = await openTestApi();
    await withFleet(api);
    const { id } = rolloutDetails.parse(await post(api, 'rollouts', fleet, 201));
    const changes = async (query = '') =>
      pageOf(rolloutChange).parse(await api.json(`/api/v1/rollouts/${id}/changes${query}`));
    expect(await changes()).toEqual({ items: [], total: 0, next: null });

    const known = ['a', 'b'].map((name) => {
      return { host: name, diff: { before: 'x', after: testPath(name), unknown: ['units: gone'] } };
    });
    await api.database.rollouts.append(id, 1, JSON.stringify({ type: 'started', at: 1, by: 'x' }), {});
    for (const [index, entry] of known.entries())
      await api.database.rollouts.append(
        id,
        index + 2,
        JSON.stringify({ type: 'diff', at: 1, ...entry }),
        {},
      );

    expect((await changes()).items).toEqual(known);
    expect(await changes('?limit=1')).toEqual({ items: known.slice(0, 1), total: 2, next: 1 });
    await api.json('/api/v1/rollouts/nosuch/changes', { status: 404 });
  });

  it('have a log for each host', async () => {
    await using api = await openTestApi();
    await withFleet(api);
    const { id } = rolloutDetails.parse(await post(api, 'rollouts', fleet, 201));
    api.logs.set(rolloutLogFile(id, 1), { bytes: Buffer.from('one\ntwo\n'), live: false });
    const log = async (path: string) => {
      const response = await api.request(`/api/v1/rollouts/${id}/hosts/${path}`);
      return `${response.status} ${await response.text()}`;
    };

    expect(await log('b/log')).toBe('200 one\ntwo\n');
    expect(await log('b/log?tail=1')).toBe('200 two\n');
    expect(await log('a/log')).toMatch('404');
    expect(await log('x/log')).toMatch('has no host ‘x’');
  });

  it.each([
    ['nobody', 403],
    ['olga', 403],
    ['stranger', 403],
    ['mia', 201],
    ['root', 201],
  ])('may be made by %s: %i', async (as, status) => {
    await using api = await openTestApi();
    await withFleet(api);
    await post(api, 'rollouts', fleet, status, as);

    const { total } = pageOf(rollout).parse(await api.json('/api/v1/rollouts'));
    expect(total).toBe(status === 201 ? 1 : 0);
  });

  it.each([
    [{ ...fleet, policy: { parallel: 0 } }, 'policy.parallel'],
    [{ ...fleet, policy: { paralel: 1 } }, 'paralel'],
    [{ ...fleet, action: 'swich' }, 'action'],
    [{ ...fleet, waves: { sizes: '0' } }, 'sizes of waves'],
    [{ ...fleet, waves: { byTag: true, sizes: '1' } }, 'by size or by tag'],
  ])('are refused for %j', async (body, message) => {
    await using api = await openTestApi();
    await withFleet(api);

    expect(await post(api, 'rollouts', body, 400)).toMatchObject({
      error: expect.stringContaining(message),
    });
  });
});

describe('hosts over HTTP', () => {
  it('of an evaluation are told with their systems', async () => {
    await using api = await openTestApi();
    const evaluation = await withFleet(api);
    const reply = evaluationHostsReply.parse(await api.json(`/api/v1/evaluations/${evaluation}/hosts`));

    expect(reply.hosts.map(({ name, toplevel }) => [name, toplevel])).toEqual([
      ['a', testPath('a')],
      ['b', testPath('b')],
      ['c', null],
    ]);
    const { id } = await api.evaluated(await api.jobset({ name: 'plain' }), [{ job: 'a' }]);
    await api.json(`/api/v1/evaluations/${id}/hosts`, { status: 404 });
  });

  it('are cordoned, take part again and are forgotten', async () => {
    await using api = await openTestApi();
    await withFleet(api);
    const made = await post(api, 'hosts/tests/a/cordon', { reason: 'a bad disk' }, 200);

    expect(host.parse(made)).toMatchObject({ cordonedBy: 'root', cordonReason: 'a bad disk', facts: null });
    expect(rolloutDetails.parse(await post(api, 'rollouts', fleet, 201)).leftOut[0]).toEqual({
      host: 'a',
      why: 'cordoned by root: a bad disk',
    });
    await post(api, 'hosts/tests/a/cordon', undefined, 403, 'olga');
    expect(await post(api, 'hosts/tests/a/uncordon', undefined, 200)).toMatchObject({ cordonedBy: null });
    await post(api, 'hosts/tests/nosuch/uncordon', undefined, 404);
    await post(api, 'hosts/nosuch/a/cordon', undefined, 404);
    expect(await api.json('/api/v1/hosts?project=tests')).toMatchObject({ total: 1 });
    await api.json('/api/v1/hosts/tests/a', { method: 'DELETE', as: 'root' });
    await api.json('/api/v1/hosts/tests/a', { method: 'DELETE', as: 'root', status: 404 });
    expect(await api.json('/api/v1/hosts')).toMatchObject({ total: 0 });
  });
});
