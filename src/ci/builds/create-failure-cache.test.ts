import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FailureCache } from '../../build/scheduler.ts';
import { openTestDatabase, type TestDatabase, testPath } from '../testing/test-database.ts';
import { createFailureCache } from './create-failure-cache.ts';

let test: TestDatabase;
let time: number;
let cache: FailureCache;

const drv = testPath('a.drv');
const otherDrv = testPath('other.drv');

beforeEach(async () => {
  test = await openTestDatabase();
  time = 1000;
  cache = createFailureCache(test.database, 500, () => time);
});

afterEach(() => test[Symbol.asyncDispose]());

it('knows a failure by the outputs, until it expires', async () => {
  await cache.add({ drvPath: drv, outputs: [testPath('out'), testPath('dev')] }, 'exit 1');
  const steps = [
    { drvPath: otherDrv, outputs: [testPath('dev')] },
    { drvPath: drv, outputs: [testPath('else')] },
  ];

  expect(await cache.find(steps)).toEqual(new Map([[otherDrv, 'exit 1']]));
  time = 1500;
  expect(await cache.find(steps)).toEqual(new Map());
});

it('knows it by the derivation where no output is known', async () => {
  await cache.add({ drvPath: drv, outputs: [] }, 'exit 2');

  expect(await cache.find([{ drvPath: drv, outputs: [] }])).toEqual(new Map([[drv, 'exit 2']]));
});

it('forgets it when the build is restarted', async () => {
  const [added] = await test.evaluated([{ job: 'web' }]);
  const key = { drvPath: testPath('web.drv'), outputs: [testPath('web')] };
  await cache.add(key, 'exit 1');
  await test.database.builds.finish(added!.buildId, {
    status: 1,
    startedAt: 1,
    stoppedAt: 1,
    isCached: false,
  });
  await test.database.builds.restart([added!.buildId]);

  expect(await cache.find([key])).toEqual(new Map());
});
