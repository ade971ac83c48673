import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseEvents } from '../helpers/proteus.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { createRolloutWorld, type RolloutWorld } from './rollout-world.ts';

let world: RolloutWorld;
beforeAll(async () => {
  world = await createRolloutWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

describe('proteus rollout', () => {
  it('executes exactly what was planned before, without the network file', async () => {
    const file = await world.network('one');
    const plan = path.join(await makeFolder(), 'plan.json');

    const planned = await world.run('deploy', file, 'switch', '--parallel', '2', '--save-plan', plan);
    expect(planned.code).toBe(0);
    expect(planned.stderr).toContain('switch on 2 hosts; 2 at a time\ndb01: would switch /nix/store/');
    await expect(world.stands(world.web)).rejects.toThrow('current-system');

    const executed = await world.run('--json', 'rollout', 'execute', plan, '--why', 'the first one');
    expect(executed.code).toBe(0);
    expect(parseEvents(executed.stdout).at(-1)).toMatchObject({
      type: 'deploy.result',
      result: 'succeeded',
      hosts: [
        { host: 'db01', result: 'deployed' },
        { host: 'web01', result: 'deployed' },
      ],
    });
    expect([await world.stands(world.db), await world.stands(world.web)]).toEqual(['one one', 'one one']);
  });

  it('stops at a canary that is ill, and goes back from it; both are told at the end', async () => {
    const { web, db } = world;
    const healthChecks =
      'deployment.healthChecks.cmd = [ { description = "is well"; cmd = [ "false" ]; period = 1; } ];';
    const file = await world.network('two', { db: healthChecks });

    const { code, stderr } = await world.run('deploy', file, 'switch', '--canary', '1', '--timeout', '1');

    expect(code).toBe(1);
    expect(stderr).toContain('last lines of db01:\n');
    expect(stderr).toMatch(/\n {2}\| is well: Failed \(.*\)\n/);
    expect(stderr).toMatch(/\ndb01 {3}rolled back {2}.*is well/);
    expect(stderr).toMatch(/\nweb01 {2}skipped {6}not touched, because db01 failed before\n/);
    expect(stderr).toContain('\nfailed: 1 rolled back, 1 skipped\n');
    expect([await world.stands(db), await world.stands(web)]).toEqual(['one one', 'one one']);
  });

  it('goes on with the other hosts within its budget, and says what is not quite right', async () => {
    const { web } = world;
    await web.setBehaviour('fail 4');
    const file = await world.network('three');

    const { code, stderr } = await world.run('deploy', file, 'switch', '--failure-budget', '1');

    await web.setBehaviour(undefined);
    expect(code).toBe(4);
    expect(stderr).toMatch(/\nweb01 {2}degraded {2}some units failed\n/);
    expect(await world.stands(web)).toBe('three three');
  });

  it('takes hosts back to what they ran before, and to a generation', async () => {
    const file = await world.network('three');

    const back = await world.run('rollback', file, '--on', 'web*,@db', '--parallel', '2');
    expect(back.code).toBe(0);
    expect([await world.stands(world.db), await world.stands(world.web)]).toEqual(['one one', 'one one']);

    const missing = await world.run('rollback', file, '--on', '@db', '--to', '77');
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(
      /db01: wanted generation 77; its system profile is at generation \d+ and has: /,
    );
  });

  it('lists what was done, and shows it', async () => {
    const { stdout } = await world.run('rollout', 'list');
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toMatch(/^rollout +begun +action +hosts +state +by +why$/);
    expect(lines[1]).toMatch(/ switch +2\/2 +succeeded .* rollback$/);
    expect(lines.at(-1)).toMatch(/the first one$/);

    const id = lines.find((line) => line.includes('failed'))?.split(' ')[0] ?? '';
    const shown = await world.run('rollout', 'show', id);
    expect(shown.stdout).toContain(`rollout ${id}: failed, begun `);
    expect(shown.stdout).toContain('switch on 2 hosts in 2 waves');
    expect(shown.stdout).toMatch(/\ndb01 +1 {2}rolled back {2}\d.* no versions.*is well/);
    expect(shown.stdout).toMatch(/\n1 rolled back, 1 skipped\n$/);
    const one = await world.run('rollout', 'show', id, 'db01');
    expect(one.stdout).toMatch(/\ndb01:\n {2}no versions change\n {2}1 more .*\n {2}\/nix.* → \/nix/);
    expect(one.stdout).not.toContain('web01');
    expect((await world.run('rollout', 'show', id, 'nosuch')).stderr).toContain('has no host nosuch');

    const resumed = await world.run('rollout', 'resume', id);
    expect(resumed.code).toBe(1);
    expect(resumed.stderr).toContain(`rollout ${id} has ended already: failed`);
    expect((await world.run('rollout', 'resume')).stderr).toContain('no rollout was interrupted here');
  });

  it('leaves cordoned hosts alone, and says who wants that', async () => {
    const { db, web } = world;
    const file = await world.network('five');
    expect((await world.run('host', 'cordon', 'db01', 'nosuch', '--reason', 'a bad disk')).code).toBe(0);

    const planned = await world.run('deploy', file, 'switch', '--dry-run');
    expect(planned.stderr).toMatch(/\ndb01: would be skipped, as it is cordoned by .+: a bad disk\n/);
    const { code, stderr } = await world.run('deploy', file, 'switch');
    expect(code).toBe(4);
    expect(stderr).toMatch(/\ndb01 {3}skipped {3}cordoned by .+@.+: a bad disk\nweb01 {2}deployed\n/);
    expect([await world.stands(db), await world.stands(web)]).toEqual(['one one', 'five five']);

    const listed = await world.run('host', 'cordon', '--list');
    expect(listed.stdout).toMatch(/^host +cordoned by +since +why\ndb01 .* a bad disk\nnosuch .*\n$/);
    expect((await world.run('host', 'uncordon', 'db01', 'nosuch')).code).toBe(0);
    expect((await world.run('host', 'cordon', '--list')).stdout).toBe('no host is cordoned\n');
  });
});
