import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import type { RetainedPath } from '../../db/database.ts';
import type { BuildRecord } from '../../db/records.ts';
import { keepBuildOutputs, type OutputKeeper } from './keep-build-outputs.ts';

const path = (name: string): string => `/nix/store/${'0'.repeat(32)}-${name}`;
let keeper: OutputKeeper | undefined;
afterEach(async () => keeper?.[Symbol.asyncDispose]());

function setUp(retained: readonly RetainedPath[] = [], fails = false) {
  const wanted: string[] = [];
  const asked: (readonly number[])[] = [];
  const faults: string[] = [];
  keeper = keepBuildOutputs({
    database: {
      builds: {
        async getMany(ids) {
          asked.push(ids);
          if (fails) throw new Error('gone');
          // 1 and 2 succeeded, 3 failed, 6 failed with outputs of which one is not known.
          return ids.map((id) => build(id, id === 3 ? 1 : id === 6 ? 6 : 0));
        },
        async *retained() {
          yield* retained;
        },
      },
    },
    materialiser: { want: (paths, why) => void wanted.push(...[...paths].map((each) => `${why} ${each}`)) },
    onFault: (message, error) => void faults.push(`${message}: ${String(error)}`),
    now: () => 0,
    delayMs: 20,
  });
  return { keeper, wanted, asked, faults };
}

/** The part of a build that is looked at. */
function build(id: number, status: number): BuildRecord {
  const outputs = { out: path(`out-${id}`), ...(status === 6 ? { doc: null } : {}) };
  return { id, status, outputs } as unknown as BuildRecord;
}

it('has the outputs kept of builds that made some, asking for all of a while at once', async () => {
  const { keeper, wanted, asked } = setUp();
  for (const id of [1, 2, 3, 6, 1]) keeper.finished(id);
  expect(wanted).toEqual([]);

  await expect.poll(() => wanted).toEqual([1, 2, 6].map((id) => `built ${path(`out-${id}`)}`));
  expect(asked).toEqual([[1, 2, 3, 6]]);
  keeper.finished(4);
  await expect.poll(() => asked).toEqual([[1, 2, 3, 6], [4]]);
});

it('has what was built before kept, and nothing that is not built yet', async () => {
  const { wanted } = setUp([
    { path: path('kept'), buildId: 1, reason: { type: 'pinned' } },
    { path: path('kept.drv'), buildId: 1, reason: { type: 'pinned' } },
    { path: path('queued'), buildId: 2, reason: { type: 'unfinished' } },
    { path: path('last'), buildId: 3, reason: { type: 'latest-good', job: 'job' } },
  ]);

  await expect.poll(() => wanted).toEqual([`built ${path('kept')}`, `built ${path('last')}`]);
});

it('tells what it cannot ask, and goes on', async () => {
  const { keeper, faults } = setUp([], true);
  keeper.finished(1);
  await expect.poll(() => faults).toEqual(['the outputs of builds cannot be kept: Error: gone']);
  keeper.finished(2);

  await expect.poll(() => faults).toHaveLength(2);
});

it('asks nothing any more once it has ended', async () => {
  const { keeper, asked, wanted } = setUp([{ path: path('kept'), buildId: 1, reason: { type: 'pinned' } }]);
  keeper.finished(1);
  await keeper[Symbol.asyncDispose]();
  await sleep(60);

  expect([asked, wanted]).toEqual([[], []]);
});
