/** A rollout that is killed in each of its phases and gone on with comes to the end that it would have come to. */

import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRolloutWorld, type RolloutWorld } from './rollout-world.ts';

let world: RolloutWorld;
beforeAll(async () => {
  world = await createRolloutWorld();
  await world.run('deploy', await world.network('start'), 'switch');
});
afterAll(() => world?.[Symbol.asyncDispose]());

const check =
  'deployment.healthChecks.cmd = [ { description = "well"; cmd = [ "sleep" "0.5" ]; } ]; ' +
  'deployment.preDeployChecks.cmd = [ { description = "may"; cmd = [ "sleep" "0.5" ]; } ];';

/** Starts it, and kills it as the kernel would as soon as web01 is in that phase; once more in a phase of that name. */
async function killedIn(phase: string, ...args: readonly string[]): Promise<void> {
  const child = await world.start('--json', ...args);
  child.stderr.resume();
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as Readonly<Record<string, unknown>>; // one object a line, by contract
    if (event.type !== 'host.phase' || event.host !== 'web01' || event.phase !== phase) continue;
    process.kill(child.pid, 'SIGKILL');
    break;
  }
  child.stdout.resume();
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
}

describe('kill -9 of a rollout', () => {
  it.each(['connecting', 'checking', 'copying', 'activating', 'confirming', 'checking-health'])(
    'while %s: resuming ends it',
    async (phase) => {
      const note = `killed while ${phase}`;
      const file = await world.network(note, { web: check });
      await world.web.setBehaviour('slow');
      await killedIn(phase, 'deploy', file, 'switch', '--confirm-timeout', '10');

      const { code, stderr } = await world.run('rollout', 'resume');

      expect(stderr).toMatch(/\nweb01 {2}deployed\n/);
      expect(code).toBe(0);
      expect([await world.stands(world.db), await world.stands(world.web)]).toEqual([
        `${note} ${note}`,
        `${note} ${note}`,
      ]);
    },
  );

  it('while a host goes back: resuming takes it back', async () => {
    const file = await world.network('will fail', {
      web: check.replace('"well"; cmd = [ "sleep" "0.5" ]', '"well"; cmd = [ "false" ]'),
    });
    const before = await world.stands(world.web);
    await world.web.setBehaviour('slow');
    await killedIn('rolling-back', 'deploy', file, 'switch', '--timeout', '2', '--confirm-timeout', '60');

    const { code, stderr } = await world.run('rollout', 'resume');

    expect(code).toBe(1);
    expect(stderr).toMatch(/\nweb01 {2}rolled back {2}/);
    expect(await world.stands(world.web)).toBe(before);
  });

  it('is nothing to a host that shall not go back', async () => {
    const file = await world.network('stays', { web: check.replace('"0.5" ]', '"99" ]') });
    const flags = ['--timeout', '1', '--no-rollback', '--confirm-timeout', '2', '--skip-pre-deploy-checks'];

    const { code, stderr } = await world.run('deploy', file, 'switch', '--on', 'web*', ...flags);

    expect(code).toBe(1);
    expect(stderr).toMatch(/\nweb01 {2}failed {2}/);
    await delay(6000);
    expect(await world.stands(world.web)).toBe('stays stays');
  });

  it('and nobody who goes on: the host goes back by itself', async () => {
    const file = await world.network('unheard', { web: check });
    const before = await world.stands(world.web);
    await world.web.setBehaviour(undefined);
    await killedIn('checking-health', 'deploy', file, 'switch', '--confirm-timeout', '3');

    await expect.poll(() => world.stands(world.web), { timeout: 60_000 }).toBe(before);

    // Whoever goes on later activates it anew: it went back only because nobody was there.
    const { code } = await world.run('rollout', 'resume');
    expect(code).toBe(0);
    expect(await world.stands(world.web)).toBe('unheard unheard');
  });
});

describe('Ctrl-C', () => {
  it('sees the host that is being activated to its end, begins no other, and leaves the rest to resume', async () => {
    const { web, db } = world;
    await db.setBehaviour('slow');
    const before = await world.stands(web);
    const child = await world.start('--json', 'deploy', await world.network('cut short'), 'switch');
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += String(chunk);
    });
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes('step 1 of 4')) process.kill(child.pid, 'SIGINT');
    }

    expect(await child.exited).toEqual({ code: 130, signal: null });
    expect(told).toContain('go on with it: proteus rollout resume 2');
    expect([await world.stands(db), await world.stands(web)]).toEqual(['cut short cut short', before]);
    expect((await world.run('rollout', 'list')).stdout.split('\n')[1]).toMatch(/ 1\/2 +interrupted /);

    await db.setBehaviour(undefined);
    expect((await world.run('rollout', 'resume')).code).toBe(0);
    expect(await world.stands(web)).toBe('cut short cut short');
  });
});

describe('proteus deploy --path', () => {
  it('deploys what is named, to hosts that no network names', async () => {
    const system = (await world.web.systemLog()).findLast(({ action }) => action === 'switch')?.toplevel;

    const { code } = await world.run('deploy', '-', 'test', '--path', `web01=${system}`, '--force');

    expect(code).toBe(0);
    expect((await world.web.systemLog()).at(-1)).toMatchObject({ action: 'test', toplevel: system });
  });
});
