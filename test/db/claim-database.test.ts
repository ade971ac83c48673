/** One server for each database, on both engines: who is refused, who is not, and what a broken connection does. */

import { symlink } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { claimDatabase } from '../../src/db/claim-database.ts';
import type { AppError } from '../../src/util/app-error.ts';
import { dialects, freshDatabases } from './fresh-databases.ts';

const nobody = (): void => {
  throw new Error('the claim was lost');
};
const claim = (url: string, owner: string, onLost: (error: AppError) => void = nobody) =>
  claimDatabase(url, { owner, id: owner, onLost, retryMs: 20 });

describe.each(dialects)('a claim on %s', (dialect) => {
  const fresh = freshDatabases(dialect);

  it('is had by one at a time, who is named to the other', async () => {
    const url = await fresh.url();
    const other = await fresh.url();
    {
      await using _first = await claim(url, 'ada');
      await using _elsewhere = await claim(other, 'bert');

      await expect(claim(url, 'bert')).rejects.toMatchObject({
        code: 'db.claimed',
        message: expect.stringMatching(/^the database .*test\d.* is in use by ada$/),
      });
    }
    await using _second = await claim(url, 'bert');
  });
});

describe.runIf(dialects.includes('sqlite'))('a claim on a file', () => {
  const fresh = freshDatabases('sqlite');

  it('holds under whatever name the file has, also before it is made', async () => {
    const url = await fresh.url();
    await symlink(url, `${url}-link`);
    await using _first = await claim(url, 'ada');
    await using _new = await claim(`${url}-new`, 'ada');

    await expect(claim(`sqlite:${url}-link`, 'bert')).rejects.toMatchObject({ code: 'db.claimed' });
    await expect(claim(`${url}-new`, 'bert')).rejects.toMatchObject({ code: 'db.claimed' });
  });

  it('says what is wrong with a folder that is not there', async () => {
    await expect(claim('/no/such/folder/db', 'ada')).rejects.toMatchObject({
      code: 'db.unreachable',
      message: expect.stringContaining('cannot use /no/such/folder/db.lock as a lock'),
    });
  });
});

describe.runIf(dialects.includes('postgres'))('a claim on PostgreSQL', () => {
  const fresh = freshDatabases('postgres');
  const cut = (owner: string) =>
    fresh.cluster.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'proteus ${owner} %'`,
    );
  const holders = async (): Promise<readonly unknown[]> =>
    (
      await fresh.cluster.query(
        `select application_name as name from pg_stat_activity a join pg_locks l using (pid)
          where l.locktype = 'advisory' and l.granted`,
      )
    ).map(({ name }) => name);

  it('is taken again when its connection breaks', async () => {
    const url = await fresh.url();
    await using _first = await claim(url, 'ada');

    expect(await cut('ada')).toHaveLength(1);
    await vi.waitFor(async () => expect(await holders()).toEqual(['proteus ada ada']), { timeout: 5000 });

    await expect(claim(url, 'bert')).rejects.toMatchObject({ code: 'db.claimed' });
  });

  it('is taken again when the whole server was away', async () => {
    const url = await fresh.url();
    await using _first = await claim(url, 'ada');

    await fresh.cluster.stop();
    await fresh.cluster.start();

    await vi.waitFor(async () => expect(await holders()).toEqual(['proteus ada ada']), { timeout: 5000 });
  });

  it('is lost when another has it by then, which is told once', async () => {
    const url = await fresh.url();
    const lost = vi.fn();
    await using _first = await claim(url, 'ada', lost);

    // Held by a connection in the same database, from before the first one can have it again.
    const taking = fresh.cluster.query(
      "set application_name = 'proteus bert bert'; select pg_advisory_lock(1886547815, 1); select pg_sleep(3)",
      url.match(/@\/(\w+)\?/)?.[1],
    );
    await vi.waitFor(async () =>
      expect(
        await fresh.cluster.query(`select 1 from pg_locks where locktype = 'advisory' and not granted`),
      ).toHaveLength(1),
    );
    await cut('ada');
    await vi.waitFor(() => expect(lost).toHaveBeenCalled(), { timeout: 5000 });
    await taking;

    expect(lost).toHaveBeenCalledTimes(1);
    expect(lost.mock.calls[0]?.[0]).toMatchObject({
      code: 'db.claimed',
      message: expect.stringMatching(/^the database postgres:.* is in use by bert$/),
    });
  });

  it('is had at once by the next when the first ends its own way', async () => {
    const url = await fresh.url();
    await (await claim(url, 'ada'))[Symbol.asyncDispose]();
    await using _second = await claim(url, 'bert');

    expect(await holders()).toEqual(['proteus bert bert']);
  });

  it('says that PostgreSQL is not there, without the password', async () => {
    await expect(claim('postgres://alice:secret@localhost:1/x', 'ada')).rejects.toMatchObject({
      code: 'db.unreachable',
      message: expect.stringMatching(/^the connection to postgres:\/\/alice@localhost:1\/x failed: /),
    });
  });
});
