import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobsetSettings } from '../../db/records.ts';
import type { ServerEvent } from '../../events/event.ts';
import { jobsetRecord } from '../testing/records.ts';
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts';
import { createEvaluationLoop, type EvaluationLoop } from './create-evaluation-loop.ts';
import type { EvaluationRun } from './run-evaluation.ts';

interface Started extends EvaluationRun {
  readonly name: string;
  /** Ends it: as checked, or with a fault of ours. */
  end(fault?: Error): Promise<void>;
}

let test: TestDatabase;
let loop: EvaluationLoop;
let stop: AbortController;
let started: Started[];
let events: ServerEvent[];
let changed: (string | undefined)[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 });
  test = await openTestDatabase();
  stop = new AbortController();
  started = [];
  events = [];
  changed = [];
  loop = createEvaluationLoop({
    database: test.database,
    run: async (jobset, run) => {
      await test.database.jobsets.markStarted(jobset.id, Date.now());
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      run.signal.addEventListener('abort', () => resolve());
      started.push({
        ...run,
        name: jobset.name,
        async end(fault) {
          if (fault === undefined) {
            await test.database.jobsets.checked(jobset.id, { at: Date.now(), completed: true });
            resolve();
          } else {
            reject(fault);
          }
          await calm();
        },
      });
      await promise;
      if (run.signal.aborted && run.signal.reason !== 'server-stops') {
        await test.database.jobsets.checked(jobset.id, { at: Date.now(), completed: false });
      }
    },
    atOnce: 2,
    timeoutMs: 50_000,
    emit: (event) => events.push(event),
    onJobset: (_, jobset) => changed.push(jobset?.name),
    now: () => Date.now(),
    signal: stop.signal,
  });
});

afterEach(async () => {
  stop.abort();
  await loop.idle();
  await test[Symbol.asyncDispose]();
  vi.useRealTimers();
});

/** Lets everything happen that does not wait for time to pass. */
async function calm(): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await calm();
}

const names = (): readonly string[] => started.map(({ name }) => name);

async function add(name: string, settings: Partial<JobsetSettings> = {}): Promise<number> {
  const { id } = await test.database.jobsets.create(test.jobset.projectId, {
    ...jobsetRecord(),
    name,
    ...settings,
  });
  return id;
}

describe('the evaluation loop', () => {
  it('evaluates a jobset when somebody asks, at once', async () => {
    loop.wake();
    await calm();
    expect(names()).toEqual([]);

    await loop.trigger(test.jobset.id);
    await calm();
    expect(names()).toEqual(['main']);
    expect(loop.running()).toMatchObject([{ jobset: 'main', phase: 'fetching', startedAt: 1_000_000 }]);

    await started[0]?.end();
    expect(loop.running()).toEqual([]);
  });

  it('evaluates a jobset whenever its interval has gone by', async () => {
    await add('often', { checkInterval: 60 });
    loop.wake();
    await calm();
    expect(names()).toEqual(['often']);
    await started[0]?.end();

    await pass(59_000);
    expect(names()).toHaveLength(1);
    await pass(1000);
    expect(names()).toHaveLength(2);
  });

  it('evaluates again after an evaluation when asked for meanwhile', async () => {
    await loop.trigger(test.jobset.id);
    await calm();
    await pass(10);
    await loop.trigger(test.jobset.id);
    await calm();
    expect(names()).toHaveLength(1);

    await started[0]?.end();
    expect(names()).toHaveLength(2);
    await started[1]?.end();
    expect(names()).toHaveLength(2);
  });

  it('evaluates so many at a time, the others in the order of asking', async () => {
    for (const name of ['c', 'a', 'b']) {
      await loop.trigger(await add(name));
      await pass(1);
    }
    expect(names()).toEqual(['c', 'a']);
    await started[1]?.end();
    expect(names()).toEqual(['c', 'a', 'b']);
  });

  it('evaluates a one-shot jobset once', async () => {
    const id = await add('once', { state: 2, checkInterval: 60 });
    loop.wake();
    await calm();
    await started[0]?.end();
    await pass(200_000);

    expect(names()).toEqual(['once']);
    expect(await test.database.jobsets.get(id)).toMatchObject({ state: 0 });
  });

  it('lets a one-at-a-time jobset wait for its builds', async () => {
    await test.database.jobsets.update(test.jobset.id, { ...jobsetRecord(), state: 3, checkInterval: 60 });
    const [added] = await test.evaluated([{ job: 'web' }]);
    loop.wake();
    await pass(120_000);
    expect(names()).toEqual([]);

    await test.database.builds.finish(added!.buildId, {
      status: 0,
      startedAt: 1,
      stoppedAt: 2,
      isCached: false,
    });
    loop.buildFinished(test.jobset.id);
    await calm();
    expect(names()).toEqual(['main']);
  });

  it('cancels an evaluation, and ends one that takes too long', async () => {
    expect(await loop.cancel(test.jobset.id)).toBe(false);
    await loop.trigger(test.jobset.id);
    await calm();
    expect(await loop.cancel(test.jobset.id)).toBe(true);
    expect(started[0]?.signal.reason).toBe('cancelled');

    await loop.trigger(await add('endless'));
    await pass(49_999);
    expect(started[1]?.signal.aborted).toBe(false);
    await pass(1);
    expect(started[1]?.signal.reason).toBe('timed-out');
    expect(names()).toEqual(['main', 'endless']);
  });

  it('lets a jobset rest after a fault of ours, ever longer, and not when somebody asks', async () => {
    await loop.trigger(test.jobset.id);
    await calm();
    await started[0]?.end(new Error('no store'));
    expect(events).toMatchObject([{ type: 'message', text: expect.stringMatching(/fleet:main.*no store/) }]);
    await pass(1999);
    expect(names()).toHaveLength(1);
    await pass(1);
    expect(names()).toHaveLength(2);

    await started[1]?.end(new Error('no store'));
    await pass(3999);
    expect(names()).toHaveLength(2);
    await loop.trigger(test.jobset.id);
    await calm();
    expect(names()).toHaveLength(3);
  });

  it('notices that a jobset was changed or is gone', async () => {
    const id = await add('other');
    await loop.trigger(id);
    await calm();
    loop.jobsetChanged(id);
    await calm();
    expect(changed).toEqual(['other']);
    expect(events).toEqual([{ type: 'ci.jobset.changed', project: 'fleet', jobset: 'other' }]);

    await test.database.jobsets.delete(id);
    loop.jobsetChanged(id);
    await calm();
    expect(changed).toEqual(['other', undefined]);
    expect(started[0]?.signal.reason).toBe('cancelled');
  });

  it('ends what runs when the server stops, and starts nothing more', async () => {
    await loop.trigger(test.jobset.id);
    await calm();
    stop.abort();
    await loop.idle();

    expect(started[0]?.signal.reason).toBe('server-stops');
    expect(vi.getTimerCount()).toBe(0);
    expect(names()).toHaveLength(1);
  });
});
