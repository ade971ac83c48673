import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildEnd } from '../../db/database.ts';
import type { StorePath } from '../../nix/store-path.ts';
import type { Retention } from '../ci.ts';
import { openTestDatabase, type TestDatabase, testPath } from '../testing/test-database.ts';
import { createRetention } from './create-retention.ts';
import { type GcRoots, openGcRoots } from './gc-roots.ts';

let test: TestDatabase;
let directory: string;
let roots: GcRoots;
let retention: Retention;
let valid: Set<StorePath>;
/** Since the links of a test are made now, a server that runs an hour and more later finds them old. */
let time: number;

const hour = 3_600_000;

beforeEach(async () => {
  test = await openTestDatabase({ keepEvaluations: 1 });
  directory = await mkdtemp(join(tmpdir(), 'retention.'));
  time = Date.now();
  valid = new Set();
  await open();
});

afterEach(async () => {
  await rm(directory, { recursive: true });
  await test[Symbol.asyncDispose]();
});

/** As a server that starts now. */
async function open(): Promise<void> {
  const now = (): number => time;
  roots = await openGcRoots(directory, { addIndirectRoot: async () => {} }, now);
  const store = {
    queryValidPaths: async (paths: readonly StorePath[]) => valid.intersection(new Set(paths)),
  };
  retention = createRetention({ database: test.database, store, roots, now });
}

async function build(job: string, drv: string, out: string, end: Partial<BuildEnd> = {}): Promise<number> {
  const [added] = await test.evaluated([{ job, drvPath: testPath(drv), outputs: { out: testPath(out) } }]);
  await test.database.builds.finish(added!.buildId, {
    status: 0,
    startedAt: 1,
    stoppedAt: 2,
    isCached: false,
    ...end,
  });
  return added!.buildId;
}

const there = async (): Promise<readonly StorePath[]> => (await roots.list()).map(({ path }) => path);

describe('retention', () => {
  it('lets go what no row wants, says why, and does what it says', async () => {
    const old = await build('web', 'a.drv', 'a');
    await build('web', 'b.drv', 'b');
    await roots.ensure([testPath('a'), testPath('b'), testPath('c'), testPath('d.drv')]);
    time += hour + 1000;

    const plan = await retention.plan();
    expect(plan).toEqual({
      kept: 1,
      removed: [
        {
          root: join(directory, testPath('a').slice(11)),
          path: testPath('a'),
          why: `build ${old} (fleet:main:web) is not pinned, not in an evaluation that is kept, and not the latest good one`,
        },
        expect.objectContaining({ path: testPath('c'), why: 'no build in the database has it' }),
        expect.objectContaining({ path: testPath('d.drv') }),
      ],
    });
    expect(await there()).toHaveLength(4);
    expect(await retention.apply()).toEqual(plan);
    expect(await there()).toEqual([testPath('b')]);
    expect(await retention.plan()).toEqual({ kept: 1, removed: [] });
  });

  it('keeps what is pinned, unfinished, or the latest good one', async () => {
    const pinned = await build('web', 'a.drv', 'a');
    await test.database.builds.setKeep(pinned, true);
    await build('web', 'b.drv', 'b');
    await build('web', 'c.drv', 'c', { status: 1 });
    const [running] = await test.evaluated([
      { job: 'web', drvPath: testPath('d.drv'), outputs: { out: testPath('d') } },
    ]);
    expect(running).toBeDefined();
    const all = ['a', 'b', 'c.drv', 'd.drv', 'c'].map(testPath);
    await roots.ensure(all);
    time += hour + 1000;

    expect((await retention.apply()).removed.map(({ path }) => path)).toEqual([testPath('c')]);
  });

  it('leaves alone what was asked for within the hour', async () => {
    await roots.ensure([testPath('a')]);
    time += hour - 1000;
    expect(await retention.apply()).toEqual({ kept: 1, removed: [] });
    await open();
    expect(await retention.apply()).toEqual({ kept: 1, removed: [] });
    time += 2000;
    expect((await retention.apply()).removed).toHaveLength(1);
  });

  it('puts back a root that is wanted, where its path is still there', async () => {
    await build('web', 'a.drv', 'a');
    await build('db', 'b.drv', 'b');
    valid.add(testPath('b'));

    expect(await retention.plan()).toEqual({ kept: 0, removed: [] });
    expect(await there()).toEqual([]);
    await retention.apply();
    expect(await there()).toEqual([testPath('b')]);
  });
});
