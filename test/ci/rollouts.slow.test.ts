/** What may befall rollouts by a server: hosts that fail or are cordoned, kill -9 of the server, systems that were collected. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { type Fleet, openFleet } from './fleet.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await openFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

describe('a rollout by the server', () => {
  it('tells how hosts stand before and after, and what changes on them', async () => {
    const { run, db, built } = fleet;
    expect(await run('rollout', 'start', 'fleet/main', '--yes')).toMatchObject({ code: 0 });
    const fine = await run('status', 'fleet/main');
    expect(fine).toMatchObject({ code: 0 });
    expect(fine.stdout).toMatch(/db01 +up to date.*web01 +up to date/s);

    await fleet.build('two');
    await db.exec(`ln -sfn ${db.name} /run/current-system`);
    const { code, stdout } = await run('status', 'fleet/main', '--json');
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({
      hosts: [
        { host: 'db01', standing: 'drifted' },
        { host: 'web01', standing: 'behind', desired: await built('web01', 'two') },
      ],
    });
    const diff = await run('diff', 'fleet/main', '--on', 'web01');
    expect(diff).toMatchObject({ code: 0 });
    expect(diff.stdout).toContain(`web01: ${await built('web01', 'one')}`);
    expect(diff.stdout).toContain(`→ ${await built('web01', 'two')}`);
    expect(diff.stdout).toContain('to copy: 1 paths');
    await db.exec(`ln -sfn ${await built('db01', 'one')} /run/current-system`);
  });

  it('leaves the rest alone when a host fails, and says so', async () => {
    const { run, db, web, system, built } = fleet;
    await db.setBehaviour('fail');
    const { code, stdout, stderr } = await run('rollout', 'start', 'fleet/main', '--yes');
    await db.setBehaviour(undefined);

    expect(code).toBe(1);
    expect(stdout).toMatch(/db01 +rolled back|db01 +failed/);
    expect(stdout).toMatch(/web01 +skipped/);
    expect(stderr).toContain('last lines of db01:');
    expect(stderr).toContain('activation script failed');
    expect(await system(web)).toBe(await built('web01', 'one'));
    expect(await system(db)).toBe(await built('db01', 'one'));
  });

  it('passes a cordoned host by, and goes on after the server was killed', async () => {
    const { run, db, web, system, built, server } = fleet;
    expect(await run('host', 'cordon', 'fleet/db01', '--reason', 'a bad disk')).toMatchObject({ code: 0 });
    await web.setBehaviour('slow');
    const { stdout, stderr } = await run('rollout', 'start', 'fleet/main', '--yes', '--no-watch');
    expect(stderr).toContain('db01 is left out: cordoned by alice: a bad disk');
    const id = /rollout (\S+) has begun/.exec(stdout)?.[1] ?? '';
    await server().told(
      (event) => event.type === 'host.phase' && event.phase === 'activating' && event.rollout === id,
    );
    await fleet.restart();
    const watched = await run('rollout', 'watch', id);
    await web.setBehaviour(undefined);

    expect(watched).toMatchObject({ code: 0, stdout: expect.stringMatching(/web01 +deployed/) });
    expect(await system(web)).toBe(await built('web01', 'two'));
    expect(await system(db)).toBe(await built('db01', 'one'));
    expect(await web.systemLog()).toHaveLength(2);
    expect((await run('rollout', 'show', id)).stdout).toMatch(/state +succeeded/);
    expect((await run('rollout', 'show', id, '--changes')).stdout).toMatch(
      new RegExp(
        `\\nweb01:\\n(?:  .*\\n)*  ${await built('web01', 'one')} → ${await built('web01', 'two')}\\n`,
      ),
    );
    expect((await run('rollout', 'list')).stdout).toContain(id);
  });

  it('brings back from the cache what the store has lost', async () => {
    const { run, db, system, built, directory } = fleet;
    const toplevel = (await built('db01', 'two')) ?? '';
    await expect
      .poll(
        async () => (await run('cache', 'show', 'main', '--json', '--data-directory', directory)).stdout,
        { timeout: 20_000 },
      )
      .toMatch(/"paths":[1-9]/);
    await runProcess(['nix-store', '--delete', '--ignore-liveness', toplevel]);
    await run('host', 'uncordon', 'fleet/db01');
    const { code, stdout, stderr } = await run('rollout', 'start', 'fleet/main', '--on', 'db01', '--yes');

    expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
    expect(await system(db)).toBe(toplevel);
  });

  it('is executed by the command line, too, with nothing but the server to ask', async () => {
    const { run, db, web, system, built } = fleet;
    const first = (await run('eval', 'list', 'fleet:main', '--json')).stdout;
    const { evaluations } = JSON.parse(first) as { evaluations: readonly { readonly id: number }[] };
    const oldest = evaluations.at(-1)?.id ?? 0;
    const { code, stderr } = await run('deploy', '-', 'switch', '--from-ci', `fleet/main#${oldest}`);

    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await system(web)).toBe(await built('web01', 'one'));
    expect(await system(db)).toBe(await built('db01', 'one'));
  });
});
