import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';
import { rollout } from './samples.ts';

describe.each(dialects)('rollouts on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are made, found and listed, newest first', async () => {
    await using database = await fresh.open();
    const { rollouts } = database;
    const made = await rollouts.create(rollout('a', ['web']));
    await rollouts.create(rollout('b', ['db'], { createdAt: 2000, jobset: 'next' }));
    await rollouts.create(rollout('c', ['db'], { createdAt: 3000, project: 'other' }));

    expect(made).toEqual({
      id: 'a',
      project: 'fleet',
      jobset: 'main',
      evaluation: 1,
      action: 'switch',
      plan: '{}',
      leftOut: '[]',
      state: 'planned',
      result: null,
      message: null,
      createdBy: 'alice',
      why: 'because',
      createdAt: 1000,
      approvedBy: null,
      approvedAt: null,
      startedAt: null,
      endedAt: null,
    });
    expect(await rollouts.get('a')).toEqual(made);
    expect(await rollouts.get('x')).toBeUndefined();
    expect(await rollouts.entries('a')).toEqual(['{"type":"planned"}']);
    const page = async (filter: Parameters<typeof rollouts.page>[0], range = { offset: 0, limit: 10 }) => {
      const { rows, total } = await rollouts.page(filter, range);
      return [total, ...rows.map(({ id }) => id)];
    };
    expect(await page({})).toEqual([3, 'c', 'b', 'a']);
    expect(await page({}, { offset: 1, limit: 1 })).toEqual([3, 'b']);
    expect(await page({ project: 'fleet' })).toEqual([2, 'b', 'a']);
    expect(await page({ project: 'fleet', jobset: 'main', state: 'planned' })).toEqual([1, 'a']);
    expect(await page({ state: 'ended' })).toEqual([0]);
    await expect(rollouts.create(rollout('a', ['web']))).rejects.toMatchObject({
      code: 'db.conflict',
      message: 'there is a rollout a already',
    });
  });

  it('take all their hosts when they are approved, or none', async () => {
    await using database = await fresh.open();
    const { rollouts, hosts } = database;
    await rollouts.create(rollout('a', ['web', 'db']));
    await rollouts.create(rollout('b', ['mail', 'db']));
    await rollouts.create(rollout('c', ['db'], { project: 'other' }));

    expect(await rollouts.approve('a', 'bob', 5)).toEqual({ ok: true });
    expect(await rollouts.get('a')).toMatchObject({ state: 'approved', approvedBy: 'bob', approvedAt: 5 });
    expect(await rollouts.approve('b', 'bob', 6)).toEqual({
      ok: false,
      claimed: [{ host: 'db', by: 'a' }],
    });
    expect(await rollouts.get('b')).toMatchObject({ state: 'planned', approvedBy: null });
    expect(await rollouts.approve('a', 'bob', 6)).toEqual({ ok: false, state: 'approved' });
    expect(await hosts.find('fleet', 'mail')).toMatchObject({ claimedBy: null });
    expect(await hosts.remove('fleet', 'db')).toBe(false);
    // The same name in another project is another machine.
    expect(await rollouts.approve('c', 'bob', 6)).toEqual({ ok: true });

    await rollouts.append('a', 1, '{}', {
      rollout: { state: 'ended', result: 'failed', endedAt: 7 },
      releases: true,
    });
    expect(await rollouts.approve('b', 'bob', 8)).toEqual({ ok: true });
    expect((await hosts.list('fleet')).map(({ name, claimedBy }) => `${name} ${claimedBy}`)).toEqual([
      'db b',
      'mail b',
      'web null',
    ]);
  });

  it('that are approved at once never share a host', async () => {
    await using database = await fresh.open();
    const { rollouts } = database;
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const [index, id] of names.entries())
      await rollouts.create(rollout(id, index % 2 === 0 ? ['x', 'y', 'z'] : ['z', 'y', 'x']));
    const answers = await Promise.all(names.map((id) => rollouts.approve(id, 'bob', 5)));

    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  });

  it('write their journal once, with what it means', async () => {
    await using database = await fresh.open();
    const { rollouts, hosts } = database;
    await rollouts.create(rollout('a', ['web', 'db']));
    await rollouts.approve('a', 'bob', 5);
    const write = async (position: number, change: Parameters<typeof rollouts.append>[3]) =>
      rollouts.append('a', position, `"entry ${position}"`, change);
    await write(1, { rollout: { state: 'running', startedAt: 10 } });
    await write(2, { host: { name: 'web', step: 'begin', startedAt: 11 } });
    await write(3, { host: { name: 'web', previous: '/nix/store/web-1' } });
    await write(4, { host: { name: 'web', step: 'activate', startedAt: 12 } });
    await write(5, {
      host: { name: 'web', result: 'deployed', message: null, endedAt: 13 },
      deployed: { host: 'web', system: '/nix/store/web-2', previous: '/nix/store/web-1', at: 13 },
    });
    // The answer to it got lost, so it comes again.
    await write(5, { host: { name: 'web', result: 'failed' } });

    expect(await rollouts.entries('a')).toEqual([
      '{"type":"planned"}',
      '"entry 1"',
      '"entry 2"',
      '"entry 3"',
      '"entry 4"',
      '"entry 5"',
    ]);
    expect(await rollouts.hosts('a')).toEqual([
      {
        host: 'web',
        wave: 0,
        toplevel: '/nix/store/web-2',
        step: 'activate',
        result: 'deployed',
        message: null,
        previous: '/nix/store/web-1',
        startedAt: 11,
        endedAt: 13,
      },
      expect.objectContaining({ host: 'db', step: null, result: null, startedAt: null }),
    ]);
    expect(await hosts.find('fleet', 'web')).toMatchObject({
      system: '/nix/store/web-2',
      systemAt: 13,
      previousSystem: '/nix/store/web-1',
      lastRollout: 'a',
      claimedBy: 'a',
    });
    expect((await rollouts.unfinished()).map(({ id }) => id)).toEqual(['a']);
  });

  it('change their state only from where it is', async () => {
    await using database = await fresh.open();
    const { rollouts } = database;
    await rollouts.create(rollout('a', ['web']));

    expect(await rollouts.setState('a', ['running'], 'paused')).toBe(false);
    await rollouts.approve('a', 'bob', 5);
    expect(await rollouts.setState('a', ['approved', 'running'], 'paused')).toBe(true);
    const ending = { result: 'aborted', message: 'no more\0', endedAt: 9 };
    expect(await rollouts.end('a', ['planned'], ending)).toBe(false);
    expect(await rollouts.end('a', ['paused'], ending)).toBe(true);
    expect(await rollouts.get('a')).toMatchObject({
      state: 'ended',
      result: 'aborted',
      message: 'no more\ufffd',
      endedAt: 9,
    });
    expect(await database.hosts.find('fleet', 'web')).toMatchObject({ claimedBy: null });
    expect(await rollouts.unfinished()).toEqual([]);
  });
});

describe.each(dialects)('hosts on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('are cordoned and take part again', async () => {
    await using database = await fresh.open();
    const { rollouts, hosts } = database;
    await rollouts.create(rollout('a', ['web', 'db']));
    await hosts.setCordon('fleet', 'db', { by: 'bob', at: 4, reason: 'a bad disk' });
    await rollouts.approve('a', 'bob', 5);

    expect(await hosts.find('fleet', 'db')).toMatchObject({
      cordonedBy: 'bob',
      cordonedAt: 4,
      cordonReason: 'a bad disk',
      claimedBy: 'a',
    });
    await hosts.setCordon('fleet', 'db', null);
    expect(await hosts.find('fleet', 'db')).toMatchObject({ cordonedBy: null, claimedBy: 'a' });
  });

  it('keep what they said last, until they are removed', async () => {
    await using database = await fresh.open();
    const { hosts } = database;
    await hosts.setFacts('fleet', 'web', '{"bootId":"1"}', 7);
    await hosts.setFacts('other', 'web', '{}', 8);
    await hosts.setFacts('fleet', 'web', '{"bootId":"2"}', 9);

    expect(await hosts.find('fleet', 'web')).toMatchObject({ facts: '{"bootId":"2"}', factsAt: 9 });
    expect((await hosts.list()).map(({ project }) => project)).toEqual(['fleet', 'other']);
    expect(await hosts.remove('fleet', 'web')).toBe(true);
    expect(await hosts.remove('fleet', 'web')).toBe(false);
    expect(await hosts.find('fleet', 'web')).toBeUndefined();
  });

  it('keep their system and the one before from being let go', async () => {
    await using database = await fresh.open();
    const { rollouts } = database;
    await rollouts.create(rollout('a', ['web']));
    expect(await retained(database)).toEqual(['rollout a /nix/store/web-2']);
    await rollouts.approve('a', 'bob', 5);
    await rollouts.append('a', 1, '{}', { host: { name: 'web', previous: '/nix/store/web-1' } });
    expect(await retained(database)).toEqual(['rollout a /nix/store/web-1', 'rollout a /nix/store/web-2']);
    const deployed = { host: 'web', system: '/nix/store/web-2', previous: '/nix/store/web-1', at: 9 };
    await rollouts.append('a', 2, '{}', { deployed, rollout: { state: 'ended' }, releases: true });
    expect(await retained(database)).toEqual(['host web /nix/store/web-1', 'host web /nix/store/web-2']);

    // Once more the same: what it can go back to stays.
    await rollouts.create(rollout('b', ['web']));
    await rollouts.append('b', 1, '{}', {
      deployed: { ...deployed, previous: '/nix/store/web-2', at: 10 },
      rollout: { state: 'ended' },
    });
    expect(await retained(database)).toEqual(['host web /nix/store/web-1', 'host web /nix/store/web-2']);
    await database.hosts.remove('fleet', 'web');
    expect(await retained(database)).toEqual([]);
  });
});

async function retained({ builds }: Database): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { path, reason } of builds.retained(1)) {
    if (reason.type === 'host') lines.push(`host ${reason.host} ${path}`);
    if (reason.type === 'rollout') lines.push(`rollout ${reason.rollout} ${path}`);
  }
  return lines.sort();
}
