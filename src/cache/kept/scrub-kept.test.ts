import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { openStoredFixture } from '../stored/testing/stored-fixture.ts';
import { openKeptExtras } from './open-kept-extras.ts';
import { scrubKept } from './scrub-kept.ts';

const main = 1;
const { signal } = new AbortController();

it('gives up damaged logs, and removes those that nothing knows of', async () => {
  await using fixture = await openStoredFixture();
  const { blobs, database } = fixture;
  const kept = openKeptExtras({ blobs, database, now: () => 1000 });
  const put = (name: string) => kept.putLog(main, name, Buffer.from(`log of ${name}`), signal);
  for (const name of ['good.drv', 'bad.drv', 'gone.drv']) await put(name);
  const fileOf = async (name: string) => (await database.cacheExtras.find(main, 'log', name))?.file ?? '';
  const gone = await fileOf('gone.drv');
  await writeFile(blobs.fileOf(await fileOf('bad.drv')) ?? '', 'nonsense');
  await blobs.delete(gone);
  await using writer = await blobs.create();
  await writer.write(Buffer.from('x'));
  await writer.commit('log/aa/orphan.zst');

  const found: string[] = [];
  const options = { blobs, database, signal, onFound: ({ kind }: { kind: string }) => found.push(kind) };
  expect(await scrubKept({ ...options, now: Date.now })).toEqual({
    ...{ logs: 3, withdrawn: 2, orphans: 0, unreadable: 0 },
  });
  expect(await scrubKept({ ...options, now: () => Date.now() + 3_700_000 })).toEqual({
    ...{ logs: 1, withdrawn: 0, orphans: 1, unreadable: 0 },
  });
  expect(found).toEqual(['withdrawn', 'withdrawn', 'orphan']);
  expect(await kept.log(main, 'bad.drv')).toBeUndefined();
  const good = await kept.log(main, 'good.drv');
  expect(Buffer.concat(await Array.fromAsync(good?.read(signal) ?? [])).toString()).toBe('log of good.drv');
  // It may come again.
  await put('bad.drv');
  expect(await kept.log(main, 'bad.drv')).toBeDefined();
});
