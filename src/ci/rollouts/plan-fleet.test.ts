import { describe, expect, it } from 'vitest';
import { networkJson } from '../testing/network-json.ts';
import { openTestDatabase, testPath } from '../testing/test-database.ts';
import { planFleet } from './plan-fleet.ts';
import type { RolloutRequest } from './rollouts.ts';

const request: RolloutRequest = {
  project: 'fleet',
  jobset: 'main',
  action: 'switch',
  selectors: {},
  policy: {},
  uploadSecrets: false,
  reboot: false,
  skipPreDeployChecks: false,
  skipHealthChecks: false,
  force: false,
  why: '',
};
const secrets = { key: { source: '../keys/web', destination: '/run/key' } };

/** An evaluation whose jobs ended with these statuses. */
async function setUp(network: string, statuses: Readonly<Record<string, 0 | 1>>) {
  const test = await openTestDatabase();
  const { database, jobset } = test;
  const added = await test.evaluated(Object.keys(statuses).map((job) => ({ job })));
  for (const { job, buildId } of added) {
    const status = statuses[job] ?? 1;
    await database.builds.finish(buildId, { status, startedAt: 1, stoppedAt: 2, isCached: false });
  }
  const { id = 0 } = (await database.evaluations.latest(jobset.id)) ?? {};
  await database.evaluations.setNetwork(id, network);
  const plan = (change: Partial<RolloutRequest> = {}, secretsFolder?: string) =>
    planFleet({ ...request, ...change }, { database, secretsFolder, defaultUser: 'deployer' });
  return { test, database, id, plan };
}

describe('planFleet', () => {
  it('plans what was built, in order, and says what is left out', async () => {
    const network = networkJson(
      ['db', { name: 'mail', targetUser: 'root', tags: ['first'] }, 'old', { name: 'web', secrets }, 'zap'],
      {
        orderingTags: ['first'],
        brokenHosts: [{ name: 'zoo', error: { message: 'no', trace: '' } }],
      },
    );
    const { test, database, id, plan } = await setUp(network, { db: 0, mail: 0, old: 1, web: 0 });
    await using _ = test;
    await database.hosts.setCordon('fleet', 'db', { by: 'bob', at: 1, reason: 'a bad disk' });
    const made = await plan({ policy: { parallel: 4 }, reboot: true });

    expect(made.plan).toMatchObject({
      action: 'switch',
      source: { type: 'evaluation', project: 'fleet', jobset: 'main', evaluation: id },
      waves: [['mail', 'web']],
      policy: { parallel: 4, failureBudget: 0, confirmTimeout: 30 },
      reboot: true,
      uploadSecrets: false,
    });
    expect(made.plan.hosts).toMatchObject([
      { name: 'mail', target: { host: 'mail.example.org', user: 'root' }, toplevel: testPath('mail') },
      { name: 'web', target: { user: 'deployer' }, toplevel: testPath('web'), secrets: {} },
    ]);
    expect(made.leftOut.map(({ host, why }) => `${host}: ${why}`)).toEqual([
      'db: cordoned by bob: a bad disk',
      expect.stringMatching(/^old: its build \d+ did not succeed$/),
      'zap: it did not evaluate',
      'zoo: it did not evaluate',
    ]);
  });

  it('forms waves', async () => {
    const network = networkJson(['a', { name: 'b', tags: ['first'] }, 'c', 'd'], { orderingTags: ['first'] });
    const { test, plan } = await setUp(network, { a: 0, b: 0, c: 0, d: 0 });
    await using _ = test;

    expect((await plan({ waves: { byTag: true } })).plan.waves).toEqual([['b'], ['a', 'c', 'd']]);
    expect((await plan({ waves: { canary: 1, sizes: '50%,rest' } })).plan.waves).toEqual([
      ['b'],
      ['a', 'c'],
      ['d'],
    ]);
    await expect(plan({ waves: { sizes: 'many' } })).rejects.toMatchObject({ code: 'usage.invalid' });
  });

  it('refuses what leaves no host', async () => {
    const { test, id, plan } = await setUp(networkJson(['web']), { web: 1 });
    await using _ = test;

    await expect(plan()).rejects.toMatchObject({
      code: 'rollout.no-hosts',
      message: expect.stringMatching(`^evaluation ${id} has no host to roll out to \\(web: its build`),
    });
    await expect(plan({ selectors: { on: 'x*' } })).rejects.toMatchObject({
      message: `evaluation ${id} has no host to roll out to`,
    });
  });

  it('takes secrets out of the folder of the server, and never from elsewhere', async () => {
    const inside = { key: { source: 'web/key', destination: '/run/key' } };
    const command = { key: { source: '', command: ['cat', '/etc/shadow'], destination: '/run/key' } };
    const network = networkJson([
      { name: 'in', secrets: inside },
      { name: 'out', secrets },
      { name: 'ran', secrets: command },
    ]);
    const { test, plan } = await setUp(network, { in: 0, out: 0, ran: 0 });
    await using _ = test;
    const wanted = { uploadSecrets: true, selectors: { on: 'in' } };

    expect((await plan(wanted, '/srv/secrets')).plan.hosts[0]?.secrets.key?.source).toBe(
      '/srv/secrets/web/key',
    );
    await expect(plan(wanted)).rejects.toMatchObject({
      code: 'rollout.secrets',
      message: 'in: the secret key comes from a file, and the server has no folder of secrets',
    });
    await expect(plan({ ...wanted, selectors: { on: 'ran' } }, '/srv/secrets')).rejects.toMatchObject({
      message: 'ran: the secret key comes from a command, and the server runs none that a network names',
    });
    await expect(plan({ ...wanted, selectors: { on: 'out' } }, '/srv/secrets')).rejects.toMatchObject({
      message:
        'out: the secret key should be a file in /srv/secrets, and its source leads out of it, to /srv/keys/web',
    });
  });
});
