/** Lets the caches of a database go, in a process that can be killed: `DATABASE BLOBS NOW…`, one run for each time. */

import { openFileBlobs } from '../../src/blobs/file/open-file-blobs.ts';
import { openKeptExtras } from '../../src/cache/kept/open-kept-extras.ts';
import { createCacheRetention } from '../../src/cache/retention/create-cache-retention.ts';
import { openStoredNars } from '../../src/cache/stored/open-stored-nars.ts';
import { openDatabase } from '../../src/db/open-database.ts';

const [file = '', folder = '', ...times] = process.argv.slice(2);
let now = 0;
await using database = await openDatabase(file, { now: () => now });
await using blobs = await openFileBlobs(folder);
await using stored = await openStoredNars({ blobs, database });
const retention = createCacheRetention({
  database,
  async *wanted() {},
  async *liveContents() {},
  kept: openKeptExtras({ blobs, database, now: () => now }),
  removeFile: (fileHash) => stored.remove(fileHash),
  graceMs: 1000,
  now: () => now,
});
console.log('begun');
for (const time of times) {
  now = Number(time);
  await retention.apply();
}
console.log('done');
