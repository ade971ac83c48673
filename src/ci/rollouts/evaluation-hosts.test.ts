import { expect, it } from 'vitest';
import { networkJson } from '../testing/network-json.ts';
import { openTestDatabase, type TestDatabase, testPath } from '../testing/test-database.ts';
import { evaluationHosts } from './evaluation-hosts.ts';
import { findEvaluation } from './find-evaluation.ts';

async function evaluated(test: TestDatabase, jobs: readonly string[], network?: string) {
  const added = await test.evaluated(jobs.map((job) => ({ job })));
  const evaluation = await test.database.evaluations.latest(test.jobset.id);
  if (evaluation === undefined) throw new Error('there must be one');
  if (network !== undefined) await test.database.evaluations.setNetwork(evaluation.id, network);
  return { evaluation, added };
}

const succeeded = { status: 0, startedAt: 1, stoppedAt: 2, isCached: false } as const;

it('are told with the builds that are their systems', async () => {
  await using test = await openTestDatabase();
  const network = networkJson([{ name: 'db', tags: ['first'] }, 'lost', 'queued', 'web'], {
    orderingTags: ['first'],
    brokenHosts: [{ name: 'zoo', error: { message: 'no attribute', trace: '' } }],
  });
  const { evaluation, added } = await evaluated(test, ['db', 'web', 'queued', 'other'], network);
  const build = (job: string): number => added.find((one) => one.job === job)?.buildId ?? 0;
  await test.database.builds.finish(build('db'), succeeded);
  await test.database.builds.finish(build('web'), { ...succeeded, status: 1 });
  const found = await evaluationHosts(test.database, evaluation);

  expect(found?.hosts.map(({ metadata, toplevel, missing }) => [metadata.name, toplevel, missing])).toEqual([
    ['db', testPath('db'), undefined],
    ['lost', undefined, 'it did not evaluate'],
    ['queued', undefined, `its build ${build('queued')} has not ended yet`],
    ['web', undefined, `its build ${build('web')} did not succeed`],
  ]);
  expect(found?.hosts[0]?.metadata).toMatchObject({ targetHost: 'db.example.org', tags: ['first'] });
  expect(found?.network.orderingTags).toEqual(['first']);
  expect(found?.broken).toEqual([{ name: 'zoo', message: 'no attribute' }]);
});

it('of an evaluation that found nothing new have the builds of the one before', async () => {
  await using test = await openTestDatabase();
  const { added } = await evaluated(test, ['web'], networkJson(['web']));
  await test.database.builds.finish(added[0]?.buildId ?? 0, succeeded);
  const { evaluation } = await evaluated(test, ['web'], networkJson([{ name: 'web', targetHost: 'new' }]));
  expect(evaluation.state).toBe('unchanged');
  const found = await evaluationHosts(test.database, evaluation);

  expect(found?.hosts[0]).toMatchObject({ toplevel: testPath('web'), metadata: { targetHost: 'new' } });
});

it('are those of networks only', async () => {
  await using test = await openTestDatabase();
  const { evaluation } = await evaluated(test, ['web']);

  expect(await evaluationHosts(test.database, evaluation)).toBeUndefined();
});

it('are found for the newest evaluation that has some, or for the one that is named', async () => {
  await using test = await openTestDatabase();
  const { database } = test;
  const first = (await evaluated(test, ['web'], networkJson(['web']))).evaluation;
  const second = (await evaluated(test, ['web', 'db'], networkJson(['web', 'db']))).evaluation;
  const third = (await evaluated(test, ['web'])).evaluation;
  const name = { project: 'fleet', jobset: 'main' };

  expect((await findEvaluation(database, name)).evaluation.id).toBe(second.id);
  expect((await findEvaluation(database, { ...name, evaluation: first.id })).hosts).toHaveLength(1);
  await expect(findEvaluation(database, { ...name, evaluation: third.id })).rejects.toMatchObject({
    code: 'rollout.evaluation',
    message: `evaluation ${third.id} of fleet:main done without hosts`,
  });
  await expect(findEvaluation(database, { ...name, evaluation: 999 })).rejects.toMatchObject({
    message: 'fleet:main has no evaluation 999',
  });
  await expect(findEvaluation(database, { project: 'fleet', jobset: 'no' })).rejects.toMatchObject({
    code: 'api.not-found',
  });
});
