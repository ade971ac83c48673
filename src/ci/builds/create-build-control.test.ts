import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CiEvent } from '../../events/event.ts';
import type { StorePath } from '../../nix/store-path.ts';
import type { BuildControl } from '../ci.ts';
import { openTestDatabase, type TestDatabase, testPath } from '../testing/test-database.ts';
import { createBuildControl } from './create-build-control.ts';

let test: TestDatabase;
let control: BuildControl;
let web: number;
let db: number;
let told: string[];
let events: CiEvent[];

beforeEach(async () => {
  test = await openTestDatabase();
  [web, db] = (await test.evaluated([{ job: 'web' }, { job: 'db' }])).map(({ buildId }) => buildId) as [
    number,
    number,
  ];
  told = [];
  events = [];
  control = createBuildControl({
    database: test.database,
    scheduler: {
      reprioritise: (id, { globalPriority }) => told.push(`first ${id} ${globalPriority}`),
      explain: () => ({ type: 'unknown-build' }),
    },
    store: {
      queryValidPaths: async (paths) => new Set(paths.filter((path) => path === testPath('web.drv'))),
    },
    roots: {
      ensure: async (paths: Iterable<StorePath>) => {
        told.push(`root ${[...paths].join()}`);
      },
    },
    loop: {
      take: async (ids) => {
        told.push(`take ${ids.join()}`);
      },
      leave: (ids) => told.push(`leave ${ids.join()}`),
    },
    emit: (event) => events.push(event),
    onFinished: (jobsetId) => told.push(`finished in ${jobsetId}`),
    now: () => 7_654_321,
  });
});

afterEach(() => test[Symbol.asyncDispose]());

const finish = (id: number, status: 0 | 1) =>
  test.database.builds.finish(id, { status, startedAt: 1, stoppedAt: 2, isCached: false });

describe('builds', () => {
  it('are cancelled when they are unfinished', async () => {
    await finish(web, 0);

    expect(await control.cancel([web, db])).toEqual([db]);
    expect(told).toEqual([`leave ${db}`, `finished in ${test.jobset.id}`]);
    expect(events).toMatchObject([{ type: 'ci.build.finished', build: db, job: 'db', status: 4 }]);
    expect(await test.database.builds.get(db)).toMatchObject({ finished: true, status: 4 });
  });

  it('are restarted when they are finished, kept from the garbage collector where that can be', async () => {
    await finish(web, 1);
    await finish(db, 1);

    expect(await control.restart([web, db])).toEqual([web, db]);
    expect(told).toEqual([`root ${testPath('web.drv')}`, `take ${web},${db}`]);
    expect(events).toMatchObject([
      { type: 'ci.build.queued', build: web },
      { type: 'ci.build.queued', build: db },
    ]);
    expect(await control.restart([web])).toEqual([]);
  });

  it('come first when they are bumped', async () => {
    expect(await control.bump([web])).toEqual([web]);
    expect(told).toEqual([`first ${web} 7654`]);
    expect(await test.database.builds.get(web)).toMatchObject({ globalPriority: 7654 });
  });
});
