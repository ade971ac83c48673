import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StepAttempt, StepEnded, StepRecorder } from '../../build/scheduler.ts';
import type { CiEvent } from '../../events/event.ts';
import { openTestDatabase, type TestDatabase, testPath } from '../testing/test-database.ts';
import { createStepRecorder } from './create-step-recorder.ts';
import { newImportId } from './import-id.ts';

let test: TestDatabase;
let ids: readonly number[];
let recorder: StepRecorder;
let events: CiEvent[];
let logged: string[];
let attempted: number[];

beforeEach(async () => {
  test = await openTestDatabase();
  ids = (await test.evaluated(['a', 'b', 'c'].map((job) => ({ job })))).map(({ buildId }) => buildId);
  events = [];
  logged = [];
  attempted = [];
  recorder = createStepRecorder({
    database: test.database,
    emit: (event) => events.push(event),
    logDirectory: '/data/logs',
    logs: { began: (file) => logged.push(`began ${file}`), ended: (file) => logged.push(`ended ${file}`) },
    onAttempt: ({ owner }) => attempted.push(owner),
    now: () => 500,
  });
});

afterEach(() => test[Symbol.asyncDispose]());

const attempt = (owner: number): StepAttempt => ({
  drvPath: testPath('lib.drv'),
  name: 'lib',
  system: 'x86_64-linux',
  builder: 'big',
  emulated: true,
  attempt: 1,
  owner,
  outputs: { out: testPath('lib'), dev: null },
  logFile: '/data/logs/ab/ab-lib.drv.1.log',
  startedAt: 1000,
});

const well: StepEnded = {
  endedAt: 3000,
  result: { ok: true, how: 'built', outputs: { out: testPath('lib'), dev: testPath('lib-dev') } },
  failedBuilds: [],
};

const badly = (failedBuilds: readonly number[], result: Partial<StepEnded['result']> = {}): StepEnded => ({
  endedAt: 3000,
  result: {
    ok: false,
    reason: 'build-failed',
    message: 'exit 1',
    willRetry: false,
    ...result,
  } as StepEnded['result'],
  failedBuilds,
});

describe('an attempt', () => {
  it('is a row of its build from its beginning to its end', async () => {
    const step = await recorder.begin(attempt(ids[0]!));

    expect(await test.database.steps.of(ids[0]!)).toMatchObject([
      {
        number: 1,
        drvPath: testPath('lib.drv'),
        status: null,
        phase: 1,
        startedAt: 1000,
        builder: 'big',
        system: 'x86_64-linux',
        emulated: true,
        propagatedFrom: null,
        logFile: 'ab/ab-lib.drv.1.log',
      },
    ]);
    expect(attempted).toEqual([ids[0]]);

    await step.end(well);
    expect(await test.database.steps.of(ids[0]!)).toMatchObject([
      { status: 0, phase: 0, stoppedAt: 3000, errorMessage: null, outputs: { dev: testPath('lib-dev') } },
    ]);
    expect(logged).toEqual(['began ab/ab-lib.drv.1.log', 'ended ab/ab-lib.drv.1.log']);
    expect(events).toMatchObject([
      { type: 'ci.step.started', build: ids[0], step: 1, builder: 'big', emulated: true },
      { type: 'ci.step.ended', build: ids[0], step: 1, status: 0 },
    ]);
  });

  it('is told of in the other builds that fail with it', async () => {
    const step = await recorder.begin(attempt(ids[1]!));
    await step.end(badly([ids[0]!, ids[1]!, ids[2]!, newImportId()]));

    const failed = { status: 1, errorMessage: 'exit 1', stoppedAt: 3000, logFile: 'ab/ab-lib.drv.1.log' };
    expect(await test.database.steps.of(ids[1]!)).toMatchObject([{ ...failed, propagatedFrom: null }]);
    for (const other of [ids[0]!, ids[2]!]) {
      expect(await test.database.steps.of(other)).toMatchObject([{ ...failed, propagatedFrom: ids[1] }]);
    }
  });

  it('that will be tried again is aborted', async () => {
    const step = await recorder.begin(attempt(ids[0]!));
    await step.end(badly([], { ok: false, reason: 'builder-lost', willRetry: true }));

    expect(await test.database.steps.of(ids[0]!)).toMatchObject([{ status: 3 }]);
  });

  it('for an evaluation alone has a log and no row', async () => {
    const step = await recorder.begin(attempt(newImportId()));
    step.phase('building');
    await step.end(well);

    expect(await test.database.steps.running()).toEqual([]);
    expect(logged).toHaveLength(2);
    expect(attempted).toEqual([]);
    expect(events).toEqual([]);
  });
});

describe('phases', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are written when they last', async () => {
    const step = await recorder.begin(attempt(ids[0]!));
    step.phase('connecting');
    step.phase('building');
    const phase = async () => (await test.database.steps.get(ids[0]!, 1))?.phase;
    expect(await phase()).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    await vi.waitFor(async () => expect(await phase()).toBe(30));

    step.phase('receiving-outputs');
    await step.end(well);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await phase()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a refused step', () => {
  const { drvPath, name, system, outputs } = attempt(0);

  it('is a row without a builder, and told in the builds that fail with it', async () => {
    const step = { drvPath, name, system, outputs, owner: ids[0]! };
    await recorder.refused(step, badly([ids[0]!, ids[1]!], { ok: false, reason: 'cached-failure' }));

    expect(await test.database.steps.of(ids[0]!)).toMatchObject([
      { status: 8, builder: '', startedAt: 500, stoppedAt: 3000, logFile: null },
    ]);
    expect(await test.database.steps.of(ids[1]!)).toMatchObject([{ status: 8, propagatedFrom: ids[0] }]);
    expect(events).toMatchObject([{ type: 'ci.step.ended', build: ids[0], step: 1, status: 8 }]);
  });

  it('that only an evaluation wants has none', async () => {
    await recorder.refused(
      { drvPath, name, system, outputs, owner: newImportId() },
      badly([], { ok: false, reason: 'unsupported' }),
    );
    expect(events).toEqual([]);
  });
});
