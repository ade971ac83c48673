import { afterEach, beforeEach, expect, it } from 'vitest';
import type { JobsetRecord, JobsetSettings } from '../../db/records.ts';
import { jobsetRecord } from '../testing/records.ts';
import { openTestDatabase, type TestDatabase } from '../testing/test-database.ts';
import { applyJobsets } from './apply-jobsets.ts';

let test: TestDatabase;
beforeEach(async () => {
  test = await openTestDatabase({ name: '.jobsets' });
});
afterEach(() => test[Symbol.asyncDispose]());

const settings = (name: string, more: Partial<JobsetSettings> = {}): JobsetSettings => {
  const { id: _, projectId: __, project: ___, ...rest } = jobsetRecord({ name, checkInterval: 60, ...more });
  return rest;
};
const apply = (...declared: readonly JobsetSettings[]) =>
  applyJobsets(test.database, test.jobset.projectId, declared, 7);
const find = async (name: string): Promise<JobsetRecord | undefined> =>
  test.database.jobsets.find('fleet', name);

it('makes, changes and hides jobsets, and leaves alone what is as it should be', async () => {
  const made = await apply(settings('a'), settings('b', { state: 0 }));
  expect(await find('a')).toMatchObject({ id: made[0], checkInterval: 60, triggeredAt: 7 });
  expect(await find('b')).toMatchObject({ id: made[1], triggeredAt: null });
  expect(await apply(settings('a'), settings('b', { state: 0 }))).toEqual([]);

  const inputs = [{ name: 'src', type: 'git', value: 'https://example.org/x', emailResponsible: false }];
  expect(await apply(settings('a', { inputs }))).toEqual(made);
  expect(await find('a')).toMatchObject({ inputs });
  expect(await find('b')).toMatchObject({ state: 0, hidden: true });

  expect(await apply(settings('a', { inputs }), settings('b'))).toEqual([made[1]]);
  expect(await find('b')).toMatchObject({ state: 1, hidden: false });
  expect(await find('.jobsets')).toMatchObject({ state: 1, hidden: false });
});

it('does all or nothing', async () => {
  await apply(settings('a'));
  const twice = apply(settings('b'), settings('a', { description: 'changed' }), settings('b'));

  await expect(twice).rejects.toMatchObject({ code: 'db.conflict' });
  expect(await find('b')).toBeUndefined();
  expect(await find('a')).toMatchObject({ description: '' });
});
