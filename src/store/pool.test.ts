import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  greet,
  type ScriptedDaemon,
  scriptedDaemon,
  takeSetOptions,
  writeRefusal,
} from '../../test/store/scripted-daemon.ts';
import { AppError } from '../util/app-error.ts';
import { Connection } from './connection.ts';
import { Pool } from './pool.ts';
import type { Request } from './request.ts';

const refused: Request<void> = { op: 99, what: 'asking', write: () => {}, read: async () => {} };

interface House {
  readonly pool: Pool;
  readonly daemons: ScriptedDaemon[];
}

function house(
  max: number,
  options: { idleMs?: number; ageMs?: number; afterRefusal?: 'listens' | 'hangs up' } = {},
): House {
  const daemons: ScriptedDaemon[] = [];
  const pool = new Pool({
    name: 'there',
    max,
    idleMs: options.idleMs,
    ageMs: options.ageMs,
    open: async (signal) => {
      const daemon = scriptedDaemon(async (reader, writer) => {
        await greet(reader, writer);
        for (;;) {
          expect(await reader.u64()).toBe(99);
          await writeRefusal(writer, 'no').flush();
          if (options.afterRefusal === 'hangs up') return;
          await takeSetOptions(reader, writer);
        }
      });
      daemons.push(daemon);
      return Connection.open(daemon, { name: 'there', signal });
    },
  });
  return { pool, daemons };
}

/** Holds a connection until told to let it go. */
function hold(
  pool: Pool,
  signal?: AbortSignal,
): { connection: Promise<Connection>; letGo(): void; done: Promise<void> } {
  const { promise: released, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: connection, resolve, reject } = Promise.withResolvers<Connection>();
  const done = pool.use(async (borrowed) => {
    resolve(borrowed);
    await released;
  }, signal);
  done.catch(reject);
  connection.catch(() => {});
  return { connection, letGo, done };
}

describe('Pool', () => {
  it('opens one when it is needed and uses it again', async () => {
    const { pool, daemons } = house(3);
    expect(daemons.length).toBe(0);
    const first = await pool.use(async (connection) => connection);
    expect(await pool.use(async (connection) => connection)).toBe(first);
    expect(daemons.length).toBe(1);
    await pool[Symbol.asyncDispose]();
    expect(daemons[0]?.ended()).toBe('closed');
  });

  it('opens no more than it may; the rest wait in line', async () => {
    const { pool, daemons } = house(2);
    const holds = [hold(pool), hold(pool), hold(pool), hold(pool)];
    const [a, b, c, d] = holds;
    await Promise.all([a?.connection, b?.connection]);
    let third: Connection | undefined;
    void c?.connection.then((connection) => {
      third = connection;
    });
    await turn();
    expect(third).toBeUndefined();
    expect(daemons.length).toBe(2);
    b?.letGo();
    expect(await c?.connection).toBe(await b?.connection);
    for (const one of holds) one.letGo();
    await Promise.all(holds.map((one) => one.done));
    expect(await d?.connection).toBeDefined();
    expect(daemons.length).toBe(2);
    await pool[Symbol.asyncDispose]();
  });

  it('lets who waits give up, without losing the place', async () => {
    const { pool } = house(1);
    const first = hold(pool);
    await first.connection;
    const stop = new AbortController();
    const second = hold(pool, stop.signal);
    const third = hold(pool);
    stop.abort();
    await expect(second.done).rejects.toMatchObject({ code: 'interrupted' });
    first.letGo();
    expect(await third.connection).toBe(await first.connection);
    third.letGo();
    await third.done;
    await expect(pool.use(async () => {}, AbortSignal.abort())).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(await pool.use(async () => 'free')).toBe('free');
    await pool[Symbol.asyncDispose]();
  });

  it('forgets broken ones', async () => {
    const { pool, daemons } = house(1);
    const first = await pool.use(async (connection) => {
      await connection[Symbol.asyncDispose]();
      return connection;
    });
    const second = await pool.use(async (connection) => connection);
    expect(second).not.toBe(first);
    expect(daemons.length).toBe(2);
    await pool[Symbol.asyncDispose]();
  });

  it('forgets idle ones whose other end has gone', async () => {
    const { pool, daemons } = house(1);
    await pool.use(async () => {});
    await daemons[0]?.destroy();
    await turn();
    await pool.use(async () => {});
    expect(daemons.length).toBe(2);
    await pool[Symbol.asyncDispose]();
  });

  it.each([
    ['listens', 1],
    ['hangs up', 2],
  ] as const)('tries a connection after a refusal: a daemon that %s', async (afterRefusal, opened) => {
    const { pool, daemons } = house(1, { afterRefusal });
    await expect(pool.use((connection) => connection.call(refused))).rejects.toMatchObject({
      code: 'store.refused',
    });
    await pool.use(async () => {});
    expect(daemons.length).toBe(opened);
    await pool[Symbol.asyncDispose]();
  });

  it('gives the place back when no connection can be made', async () => {
    let tries = 0;
    const pool = new Pool({
      name: 'there',
      max: 1,
      open: async () => {
        tries += 1;
        throw new AppError('store.unreachable', 'nobody there');
      },
    });
    for (let i = 0; i < 3; i++) await expect(pool.use(async () => {})).rejects.toThrow('nobody there');
    expect(tries).toBe(3);
  });

  it('closes what is idle for too long', async () => {
    const { pool, daemons } = house(1, { idleMs: 1 });
    await pool.use(async () => {});
    while (daemons[0]?.ended() === undefined) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(daemons[0]?.ended()).toBe('closed');
    await pool[Symbol.asyncDispose]();
  });

  it('uses none for longer than its time, so that the daemon lets go of what it keeps for it', async () => {
    const { pool, daemons } = house(1, { ageMs: 20 });
    await pool.use(async () => {});
    await pool.use(() => new Promise((resolve) => setTimeout(resolve, 30)));
    await pool.use(async () => {});
    expect(daemons.map((daemon) => daemon.ended())).toEqual(['closed', undefined]);
    await pool[Symbol.asyncDispose]();
  });

  it('leases beyond its limit', async () => {
    const { pool, daemons } = house(1);
    const held = hold(pool);
    await held.connection;
    const lease = await pool.lease();
    expect(daemons.length).toBe(2);
    await pool.endLease(lease);
    expect(daemons[1]?.ended()).toBe('closed');
    held.letGo();
    await pool[Symbol.asyncDispose]();
  });

  it('ends all when it is disposed: those in use, those who wait, and leases', async () => {
    const { pool, daemons } = house(1);
    const lease = await pool.lease();
    void pool.use(() => new Promise(() => {}));
    await turn();
    const waiting = pool.use(async () => {}).catch((error: unknown) => error);
    await pool[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ message: 'there has been closed' });
    expect(lease.usable).toBe(false);
    expect(daemons.every((daemon) => daemon.ended() !== undefined)).toBe(true);
    await expect(pool.use(async () => {})).rejects.toThrow('there has been closed');
    await expect(pool.lease()).rejects.toThrow('there has been closed');
  });
});
