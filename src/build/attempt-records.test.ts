import { expect, it } from 'vitest';
import { createAttemptRecords } from './attempt-records.ts';
import type { StepAttempt, StepEnded, StepRecorder } from './scheduler.ts';
import { step } from './testing/sample-step.ts';

const attempt: StepAttempt = {
  drvPath: step('a').drvPath,
  name: 'a',
  system: 'x86_64-linux',
  builder: 'local',
  emulated: false,
  attempt: 1,
  owner: 7,
  outputs: {},
  logFile: '/logs/a.1.log',
  startedAt: 1,
};
const ended: StepEnded = {
  endedAt: 2,
  result: { ok: true, how: 'built', outputs: {} },
  failedBuilds: [],
};

/** A recorder whose calls take until they are let go, one by one. */
function slowRecorder() {
  const calls: string[] = [];
  const held: PromiseWithResolvers<void>[] = [];
  const hold = (call: string): Promise<void> => {
    calls.push(call);
    const waiting = Promise.withResolvers<void>();
    held.push(waiting);
    return waiting.promise;
  };
  const recorder: StepRecorder = {
    async begin({ name }) {
      await hold(`begin ${name}`);
      return { phase: (phase) => void calls.push(`phase ${phase}`), end: () => hold(`end ${name}`) };
    },
    refused: ({ name, owner }) => hold(`refused ${name} for ${owner}`),
  };
  /** The next call that waits, once it has been made. */
  const next = async (): Promise<PromiseWithResolvers<void>> => {
    for (;;) {
      const waiting = held.shift();
      if (waiting !== undefined) return waiting;
      await turn();
    }
  };
  return { calls, recorder, next };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('makes the calls for one attempt in order, and waits for all that was to be written', async () => {
  const { calls, recorder, next } = slowRecorder();
  const records = createAttemptRecords(recorder, () => {});
  const record = records.begin(attempt);
  record.phase('building');
  record.end(ended);
  let written = false;
  const all = records.written().then(() => {
    written = true;
  });
  const begin = await next();
  expect(calls).toEqual(['begin a']);
  begin.resolve();
  const end = await next();
  expect(calls).toEqual(['begin a', 'phase building', 'end a']);
  expect(written).toBe(false);
  end.resolve();
  await all;
});

it('does not wait for what comes later', async () => {
  const { recorder, next } = slowRecorder();
  const records = createAttemptRecords(recorder, () => {});
  records.begin(attempt);
  const before = records.written();
  records.begin(attempt);
  (await next()).resolve();
  await expect(before).resolves.toBeUndefined();
});

it('tells what cannot be written, and goes on', async () => {
  const { calls, recorder, next } = slowRecorder();
  const faults: string[] = [];
  const records = createAttemptRecords(recorder, (text) => faults.push(text));
  const record = records.begin(attempt);
  record.phase('building');
  record.end(ended);
  (await next()).reject(new Error('the database is full'));
  await records.written();
  expect(faults).toEqual(['cannot write down that a has started: the database is full']);
  expect(calls).toEqual(['begin a']);
  records.refused(step('b'), 9, ended);
  (await next()).reject(new Error('still full'));
  await records.written();
  expect(faults[1]).toBe('cannot write down that b was not tried: still full');
});

it('takes what a recorder throws at once for the same', async () => {
  const faults: string[] = [];
  const thrower = (): never => {
    throw new Error('a bug');
  };
  const records = createAttemptRecords({ begin: thrower, refused: thrower }, (text) => faults.push(text));
  records.begin(attempt).end(ended);
  await records.written();
  expect(faults).toEqual(['cannot write down that a has started: a bug']);
});

it('writes nothing without a recorder', async () => {
  const faults: string[] = [];
  const records = createAttemptRecords(undefined, (text) => faults.push(text));
  records.begin(attempt).end(ended);
  records.refused(step('b'), 9, ended);
  await records.written();
  expect(faults).toEqual([]);
});
