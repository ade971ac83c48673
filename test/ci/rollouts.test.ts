/** Rollouts by the server, from a git repository to running hosts, with the checkout gone. */

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fleet, openFleet } from './fleet.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await openFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

describe('a rollout by the server', () => {
  it('says what it would do, and waits to be approved', async () => {
    const { run, system, web, db } = fleet;
    const { code, stdout, stderr } = await run('rollout', 'start', 'fleet/main', '--canary', '1');

    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(
      /^rollout main-\d+-\w+ is planned; approve it with: proteus rollout approve main-/,
    );
    expect(stderr).toMatch(/db01: would switch .*web01: would switch/s);
    expect(stderr).toContain('broken is left out: it did not evaluate');
    expect([await system(web), await system(db)]).toEqual(['', '']);
    const id = /main-\S+(?= is planned)/.exec(stdout)?.[0] ?? '';
    expect(await run('rollout', 'abort', id)).toMatchObject({ stdout: `rollout ${id}: aborted\n` });
  });

  it('brings to each host exactly what was built, with the checkout gone', async () => {
    const { run, system, web, db, built, repository } = fleet;
    await rm(path.join(repository.folder, 'network.nix'));
    const { code, stdout, stderr } = await run('rollout', 'start', 'fleet/main', '--canary', '1', '--yes');

    expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/db01 +1 +deployed.*web01 +2 +deployed.*: succeeded\n$/s);
    expect(await system(web)).toBe(await built('web01', 'one'));
    expect(await system(db)).toBe(await built('db01', 'one'));
    const { stdout: hosts } = await run('host', 'list', 'fleet');
    expect(hosts).toContain(`fleet/web01  ready  ${await built('web01', 'one')}`);
    const id = /rollout (\S+): succeeded/.exec(stdout)?.[1] ?? '';
    const log = await run('rollout', 'log', id, 'web01');
    expect(log.stdout).toMatch(/-- activating\n.*-- done\n$/s);
  });
});
