import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildOutcome } from '../../build/build-queue.ts';
import type { BuildTicket } from '../../build/scheduler.ts';
import type { BuildRecord } from '../../db/records.ts';
import type { ServerEvent } from '../../events/event.ts';
import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { openTestDatabase, type TestDatabase, testPath } from '../testing/test-database.ts';
import { type BuildLoop, createBuildLoop } from './create-build-loop.ts';

interface Enqueued {
  readonly drvPath: StorePath;
  readonly ticket: BuildTicket;
  readonly resolve: (outcome: BuildOutcome) => void;
  readonly reject: (error: Error) => void;
}

let test: TestDatabase;
let loop: BuildLoop;
let stop: AbortController;
let events: ServerEvent[];
let finished: number[];
let published: StorePath[][];
let publishing: () => Promise<void>;
/** What was given to the scheduler, in order, and who waits for more. */
let enqueued: Enqueued[];
let waiting: (() => void)[];
let time: number;

beforeEach(async () => {
  test = await openTestDatabase();
  stop = new AbortController();
  events = [];
  finished = [];
  published = [];
  publishing = async () => {};
  enqueued = [];
  waiting = [];
  time = 1000;
  loop = createBuildLoop({
    database: test.database,
    scheduler: {
      enqueue: (drvPath, ticket) =>
        new Promise((resolve, reject) => {
          enqueued.push({ drvPath, ticket, resolve, reject });
          for (const wake of waiting.splice(0)) wake();
        }),
    },
    store: { queryValidPaths: async () => new Set() },
    publish: async (outputs) => {
      published.push([...outputs.values()]);
      await publishing();
      return { size: 10, closureSize: 30 };
    },
    readProducts: async () => ({ failed: false, products: [], metrics: [], releaseName: 'web-1.0' }),
    emit: (event) => events.push(event),
    onFinished: (jobsetId) => finished.push(jobsetId),
    now: () => time,
    signal: stop.signal,
    pauseMs: 1,
  });
});

afterEach(async () => {
  stop.abort();
  for (const { reject } of enqueued) reject(new AppError('interrupted', 'interrupted'));
  await loop.idle();
  await test[Symbol.asyncDispose]();
});

/** Resolves when the scheduler was given so much. */
async function given(count: number): Promise<Enqueued> {
  while (enqueued.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
  return enqueued[count - 1]!;
}

async function queue(job: string): Promise<number> {
  const [added] = await test.evaluated([{ job }]);
  return added!.buildId;
}

async function row(id: number): Promise<BuildRecord> {
  return (await test.database.builds.get(id))!;
}

/** Resolves when the build is finished in the database. */
async function ended(id: number): Promise<BuildRecord> {
  await expect.poll(async () => (await row(id)).finished).toBe(true);
  return row(id);
}

const success = (name: string, cached = false): BuildOutcome => ({
  ok: true,
  outputs: new Map([['out', testPath(name)]]),
  cached,
});

const failure = (drvName: string, reason: Extract<BuildOutcome, { ok: false }>['reason']): BuildOutcome => ({
  ok: false,
  drvPath: testPath(drvName),
  reason,
  message: 'it broke',
  logTail: [],
  logFile: undefined,
});

describe('the build loop', () => {
  it('gives every unfinished build to the scheduler, with what it needs', async () => {
    const [web, db] = await test.evaluated([
      { job: 'web', timeout: 5, priority: 7 },
      { job: 'db', maxSilent: 6 },
    ]);
    await test.database.builds.bump([db!.buildId], 99);
    await loop.takeAll();

    expect((await given(2)).ticket).toMatchObject({ id: web!.buildId, timeoutSeconds: 5, priority: 7 });
    expect(enqueued[0]).toMatchObject({
      drvPath: testPath('db.drv'),
      ticket: { id: db!.buildId, share: test.jobset.id, globalPriority: 99, maxSilentSeconds: 6 },
    });
    expect(enqueued[0]?.ticket).not.toHaveProperty('timeoutSeconds');
  });

  it('publishes what was built before it says so', async () => {
    const id = await queue('web');
    await loop.takeAll();
    const { resolve } = await given(1);
    loop.attempted({ owner: id, drvPath: testPath('web.drv'), startedAt: 1500 });
    time = 2000;
    publishing = async () => expect((await row(id)).finished).toBe(false);
    resolve(success('web'));

    expect(await ended(id)).toMatchObject({
      status: 0,
      isCached: false,
      startedAt: 1500,
      stoppedAt: 2000,
      size: 10,
      closureSize: 30,
      releaseName: 'web-1.0',
    });
    expect(published).toEqual([[testPath('web')]]);
    expect(finished).toEqual([test.jobset.id]);
    const about = { build: id, project: 'fleet', jobset: 'main', job: 'web' };
    expect(events).toEqual([
      { type: 'ci.build.started', ...about },
      { type: 'ci.build.finished', ...about, status: 0 },
    ]);
  });

  it('knows what was there already', async () => {
    const id = await queue('web');
    await loop.takeAll();
    (await given(1)).resolve(success('web', true));

    expect(await ended(id)).toMatchObject({ status: 0, isCached: true, startedAt: 1000, stoppedAt: 1000 });
  });

  it('counts a step of another build as its own work when it is the same derivation', async () => {
    const [mine, other] = await test.evaluated([
      { job: 'web' },
      { job: 'same', drvPath: testPath('web.drv'), outputs: { out: testPath('web') } },
    ]);
    await loop.takeAll();
    await given(2);
    loop.attempted({ owner: mine!.buildId, drvPath: testPath('web.drv'), startedAt: 1500 });
    for (const { resolve } of enqueued) resolve(success('web', true));

    expect(await ended(other!.buildId)).toMatchObject({ isCached: false, startedAt: 1500 });
  });

  it('writes down the path of an output that nobody knew before', async () => {
    const [added] = await test.evaluated([{ job: 'floating', outputs: { out: null } }]);
    await loop.takeAll();
    (await given(1)).resolve(success('floating'));

    expect((await ended(added!.buildId)).outputs).toEqual({ out: testPath('floating') });
  });

  it('tells the own failure of a build from that of something it needs', async () => {
    const [own, dependency] = await test.evaluated([{ job: 'web' }, { job: 'db' }]);
    await loop.take([own!.buildId, dependency!.buildId]);
    (await given(1)).resolve(failure('web.drv', 'build-failed'));
    (await given(2)).resolve(failure('libfoo.drv', 'build-failed'));

    expect(await ended(own!.buildId)).toMatchObject({ status: 1, errorMessage: 'it broke' });
    expect(await ended(dependency!.buildId)).toMatchObject({ status: 2, errorMessage: 'libfoo: it broke' });
    expect(published).toEqual([]);
  });

  it('does not take a build twice, but takes it anew with another derivation', async () => {
    const id = await queue('web');
    await loop.takeAll();
    await loop.take([id]);
    await given(1);
    expect(enqueued).toHaveLength(1);

    await test.evaluated([{ job: 'web', drvPath: testPath('web2.drv') }]);
    await loop.take([id]);
    expect((await given(2)).drvPath).toBe(testPath('web2.drv'));
    expect(enqueued[0]?.ticket.signal?.aborted).toBe(true);
    enqueued[0]?.resolve(failure('web.drv', 'cancelled'));
    enqueued[1]?.resolve(success('web'));
    expect(await ended(id)).toMatchObject({ status: 0 });
  });

  it('lets go of what was cancelled, whatever comes of it', async () => {
    const id = await queue('web');
    await loop.takeAll();
    const { resolve, ticket } = await given(1);
    await test.database.builds.cancel([id], 5);
    loop.leave([id]);
    expect(ticket.signal?.aborted).toBe(true);
    resolve(success('web'));
    await loop.idle();

    expect(await row(id)).toMatchObject({ status: 4 });
    expect(finished).toEqual([]);
  });

  it('lets go of all builds of a jobset', async () => {
    await queue('web');
    await loop.takeAll();
    await given(1);
    loop.leaveJobset(test.jobset.id + 1);
    expect(enqueued[0]?.ticket.signal?.aborted).toBe(false);
    loop.leaveJobset(test.jobset.id);
    expect(enqueued[0]?.ticket.signal?.aborted).toBe(true);
  });

  it('takes a build again that is restarted the moment it is finished', async () => {
    const id = await queue('web');
    await loop.takeAll();
    (await given(1)).resolve(failure('web.drv', 'build-failed'));
    await ended(id);
    await test.database.builds.restart([id]);
    await loop.take([id]);

    (await given(2)).resolve(success('web'));
    expect(await ended(id)).toMatchObject({ status: 0 });
  });

  it('aborts a build whose derivation is gone, at once', async () => {
    const id = await queue('web');
    await loop.takeAll();
    (await given(1)).reject(new AppError('build.derivation-missing', 'web.drv is not there'));

    expect(await ended(id)).toMatchObject({ status: 3, errorMessage: 'web.drv is not there' });
    expect(enqueued).toHaveLength(1);
  });

  it('tries again after a fault of ours, a few times', async () => {
    const id = await queue('web');
    await loop.takeAll();
    for (let n = 1; n <= 3; n++) (await given(n)).reject(new AppError('store.unreachable', 'no daemon'));
    publishing = async () => {
      publishing = async () => {};
      throw new AppError('store.path-missing', 'collected');
    };
    (await given(4)).resolve(success('web'));
    (await given(5)).resolve(success('web'));

    expect(await ended(id)).toMatchObject({ status: 0 });
    expect(events.filter(({ type }) => type === 'message')).toHaveLength(4);
  });

  it('aborts a build that meets nothing but faults', async () => {
    const id = await queue('web');
    await loop.takeAll();
    for (let n = 1; n <= 5; n++) (await given(n)).reject(new Error(`fault ${n}`));

    expect(await ended(id)).toMatchObject({ status: 3, errorMessage: 'fault 5' });
  });

  it('leaves unfinished what is under way when the server stops', async () => {
    const id = await queue('web');
    await loop.takeAll();
    const { reject } = await given(1);
    stop.abort();
    reject(new AppError('interrupted', 'interrupted'));
    await loop.idle();

    expect(await row(id)).toMatchObject({ finished: false });
  });
});
