import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Database, Repositories } from '../db/database.ts';
import { AppError } from '../util/app-error.ts';
import { patientDatabase } from './patient-database.ts';

const unreachable = (): AppError => new AppError('db.unreachable', 'PostgreSQL is gone');

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A database of which only what a test asks is there. */
function fixture(members: {
  readonly countUnfinished?: () => Promise<number>;
  readonly transaction?: Database['transaction'];
}) {
  const builds = { countUnfinished: members.countUnfinished, queued: () => 'a stream' };
  // Every repository is there; what nobody asks has nothing in it.
  const all = new Proxy(
    { builds, ...members },
    { get: (target, name) => (Reflect.has(target, name) ? Reflect.get(target, name) : {}) },
  );
  const told: string[] = [];
  const abort = new AbortController();
  return {
    told,
    abort,
    patient: patientDatabase(all as unknown as Database, {
      signal: abort.signal,
      onAway: (error) => told.push(error.message),
      onBack: () => told.push('back'),
    }),
  };
}

describe('patientDatabase', () => {
  it('asks again until the database is back, ever more slowly, and tells both once', async () => {
    const asked: number[] = [];
    const { patient, told } = fixture({
      countUnfinished: () => {
        asked.push(Date.now());
        return asked.length < 12 ? Promise.reject(unreachable()) : Promise.resolve(7);
      },
    });
    const answer = patient.builds.countUnfinished();
    await vi.runAllTimersAsync();

    expect(await answer).toBe(7);
    expect(told).toEqual(['PostgreSQL is gone', 'back']);
    const pauses = asked.slice(1).map((at, n) => at - (asked[n] ?? 0));
    expect(pauses.slice(0, 3)).toEqual([50, 100, 200]);
    expect(pauses.at(-1)).toBe(5000);
  });

  it('hands every other error on', async () => {
    const { patient, told } = fixture({ countUnfinished: () => Promise.reject(new Error('a bug')) });

    await expect(patient.builds.countUnfinished()).rejects.toThrow('a bug');
    expect(told).toEqual([]);
  });

  it('begins a whole transaction again', async () => {
    let attempts = 0;
    const { patient } = fixture({
      transaction: async (work) => {
        attempts += 1;
        // What the work is given is none of its business here.
        const done = await work({} as Repositories);
        if (attempts === 1) throw unreachable();
        return done;
      },
    });
    const answer = patient.transaction(async () => `work of attempt ${attempts}`);
    await vi.runAllTimersAsync();

    expect(await answer).toBe('work of attempt 2');
  });

  it('passes streams on', () => {
    expect(fixture({}).patient.builds.queued()).toBe('a stream');
  });

  it('stops waiting when the server ends', async () => {
    const { patient, abort } = fixture({ countUnfinished: () => Promise.reject(unreachable()) });
    const answer = patient.builds.countUnfinished();
    await vi.advanceTimersByTimeAsync(1000);
    abort.abort();

    await expect(answer).rejects.toMatchObject({ code: 'interrupted' });
  });
});
