import { expect, it } from 'vitest';
import type { z } from 'zod';
import { hostsFromCi } from './hosts-from-ci.ts';

const checks = { cmd: [], http: [] };
const metadata = (name: string) => ({
  name,
  targetHost: `${name}.example.org`,
  targetPort: null,
  targetUser: '',
  buildOnly: false,
  buildOnTarget: false,
  substituteOnDestination: true,
  tags: ['prod'],
  secrets: {},
  preDeployChecks: checks,
  healthChecks: checks,
  nixosRelease: '',
  nixConfig: {},
});
const system = `/nix/store/${'1'.repeat(32)}-system`;
const reply = {
  evaluation: 7,
  project: 'fleet',
  jobset: 'main',
  orderingTags: ['prod'],
  hosts: [
    { name: 'db', build: 1, toplevel: system, missing: null, metadata: metadata('db') },
    {
      name: 'web',
      build: 2,
      toplevel: null,
      missing: 'its build 2 did not succeed',
      metadata: metadata('web'),
    },
  ],
  broken: [{ name: 'zoo', message: 'no' }],
};

function client(answer: unknown) {
  const asked: string[] = [];
  return {
    asked,
    get: async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
      asked.push(path);
      return schema.parse(answer);
    },
  };
}

it('takes hosts as a network has them, and the systems that are there', async () => {
  const server = client(reply);
  const found = await hostsFromCi(server, { project: 'fleet', jobset: 'main', evaluation: undefined });

  expect(server.asked).toEqual(['/api/v1/projects/fleet/jobsets/main/hosts']);
  expect(found.evaluation).toBe(7);
  expect(found.network.orderingTags).toEqual(['prod']);
  expect(found.network.hosts[0]).toMatchObject({
    targetHost: 'db.example.org',
    substituteOnDestination: true,
  });
  expect([...found.toplevels]).toEqual([['db', system]]);
  expect([...found.missing]).toEqual([
    ['zoo', 'it did not evaluate'],
    ['web', 'its build 2 did not succeed'],
  ]);
});

it('asks for the evaluation that is named, and trusts no path that is none', async () => {
  const server = client({ ...reply, hosts: [{ ...reply.hosts[0], toplevel: '/etc/passwd' }] });

  await expect(
    hostsFromCi(server, { project: 'fleet', jobset: 'main', evaluation: 7 }),
  ).rejects.toMatchObject({ code: 'store-path.invalid' });
  expect(server.asked).toEqual(['/api/v1/evaluations/7/hosts']);
});

it('refuses an evaluation of another jobset', async () => {
  const wanted = { project: 'fleet', jobset: 'other', evaluation: 7 };

  await expect(hostsFromCi(client(reply), wanted)).rejects.toMatchObject({
    code: 'rollout.evaluation',
    message: 'evaluation 7 is one of fleet:main, not of fleet:other',
  });
});
