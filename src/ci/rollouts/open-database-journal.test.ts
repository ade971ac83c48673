import { expect, it } from 'vitest';
import { journalEntrySchema } from '../../deploy/rollout/journal-schema.ts';
import { plannedHost, planOf } from '../../deploy/testing/plan-of.ts';
import { openTestDatabase, testPath } from '../testing/test-database.ts';
import { createRollouts } from './create-rollouts.ts';
import { openDatabaseJournal } from './open-database-journal.ts';

async function setUp(action: 'switch' | 'test' = 'switch') {
  const test = await openTestDatabase();
  const { database } = test;
  const hosts = ['web', 'db'].map((name) =>
    plannedHost({ name, target: { host: name }, toplevel: testPath(`${name}-2`) }),
  );
  const source = {
    type: 'evaluation',
    server: undefined,
    project: 'fleet',
    jobset: 'main',
    evaluation: 1,
  } as const;
  const plan = planOf(action, hosts, { source });
  const rollouts = createRollouts({
    database,
    plan: async () => ({ plan, leftOut: [] }),
    run: async () => {},
    emit: () => {},
    randomWord: () => 'x1',
    now: () => 5,
    signal: new AbortController().signal,
  });
  const { id } = await rollouts.create({ ...request, project: 'fleet', jobset: 'main', action }, 'alice');
  await database.rollouts.approve(id, 'bob', 6);
  const journal = openDatabaseJournal(database, id, plan, [
    { type: 'planned', at: 5, by: 'alice', why: '', plan },
  ]);
  return { test, database, id, journal, plan };
}

const request = {
  selectors: {},
  policy: {},
  uploadSecrets: false,
  reboot: false,
  skipPreDeployChecks: false,
  skipHealthChecks: false,
  force: false,
  why: '',
};

it('writes down what happens to hosts with each entry', async () => {
  const { test, database, id, journal } = await setUp();
  await using _ = test;
  await journal.append({ type: 'started', at: 10, by: 'bob' });
  await Promise.all([
    journal.append({ type: 'step', at: 11, host: 'web', step: 'begin' }),
    journal.append({
      type: 'previous',
      at: 12,
      host: 'web',
      current: testPath('manual'),
      profile: testPath('web-1'),
    }),
  ]);
  await journal.append({ type: 'step', at: 13, host: 'web', step: 'activate' });
  expect(await database.rollouts.hosts(id)).toMatchObject([
    { host: 'web', step: 'activate', previous: testPath('manual'), startedAt: 11, result: null },
    { host: 'db', step: null },
  ]);
  await journal.append({
    type: 'host',
    at: 14,
    outcome: { host: 'web', result: 'degraded', message: 'a unit' },
  });
  await journal.append({
    type: 'host',
    at: 15,
    outcome: { host: 'db', result: 'skipped', reason: 'cordoned' },
  });
  await journal.append({ type: 'ended', at: 16, result: 'degraded' });

  expect(await database.rollouts.hosts(id)).toMatchObject([
    { host: 'web', result: 'degraded', message: 'a unit', endedAt: 14 },
    { host: 'db', result: 'skipped', message: 'cordoned', endedAt: 15 },
  ]);
  expect(await database.rollouts.get(id)).toMatchObject({
    state: 'ended',
    result: 'degraded',
    startedAt: 10,
    endedAt: 16,
  });
  expect(await database.hosts.list()).toMatchObject([
    { name: 'db', system: null, claimedBy: null },
    {
      name: 'web',
      system: testPath('web-2'),
      // What the profile had is what it goes back to.
      previousSystem: testPath('web-1'),
      lastRollout: id,
      claimedBy: null,
    },
  ]);
  const entries = (await database.rollouts.entries(id)).map((entry) => JSON.parse(entry).type);
  expect(entries).toEqual(['planned', 'started', 'step', 'previous', 'step', 'host', 'host', 'ended']);
  // Those of before, as its contract says.
  expect(journal.entries.map(({ type }) => type)).toEqual(['planned']);
});

it('knows from the entries of before what a host goes back to', async () => {
  const { test, database, id, journal, plan } = await setUp();
  await using _ = test;
  await journal.append({
    type: 'previous',
    at: 12,
    host: 'web',
    current: testPath('web-1'),
    profile: undefined,
  });
  const written = (await database.rollouts.entries(id)).map((text) =>
    journalEntrySchema.parse(JSON.parse(text)),
  );
  const again = openDatabaseJournal(database, id, plan, written);
  await again.append({ type: 'host', at: 14, outcome: { host: 'web', result: 'deployed' } });

  expect(await database.hosts.find('fleet', 'web')).toMatchObject({ previousSystem: testPath('web-1') });
});

it.each([
  ['test', { host: 'web', result: 'deployed' }],
  ['switch', { host: 'web', result: 'rolled-back', message: 'it cut itself off' }],
  ['switch', { host: 'web', result: 'failed', message: 'exit code 1' }],
] as const)('of a %s that ended %j leaves what is kept of a host', async (action, outcome) => {
  const { test, database, journal } = await setUp(action);
  await using _ = test;
  await journal.append({ type: 'host', at: 14, outcome });

  expect(await database.hosts.find('fleet', 'web')).toMatchObject({ system: null, previousSystem: null });
});
