/**
 * A second process at a database, for tests: `database.child.ts URL TASK [ARGUMENT]`. Says `ready` when it is in the
 * middle of what it was told, and `done` at its end.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { allMigrations, openDatabase } from '../../src/db/open-database.ts';
import { addNotes, hangingMigration } from './sample-migrations.ts';
import { project } from './samples.ts';

const [url = '', task, argument = ''] = process.argv.slice(2);
const say = (word: string) => process.stdout.write(`${word}\n`);
const now = Date.now;

if (task === 'open') {
  await using _ = await openDatabase(url, { now });
} else if (task === 'migrate') {
  await using _ = await openDatabase(url, { now, migrations: [...allMigrations, addNotes] });
} else if (task === 'hang-in-migration') {
  const hanging = hangingMigration(() => say('ready'));
  await using _ = await openDatabase(url, { now, migrations: [...allMigrations, hanging] });
} else if (task === 'hang-in-transaction') {
  await using database = await openDatabase(url, { now });
  await database.transaction(async (tx) => {
    for (let index = 0; index < 100; index += 1) await tx.projects.create(project({ name: `half-${index}` }));
    say('ready');
    await delay(2 ** 30);
  });
} else if (task === 'create-projects') {
  await using database = await openDatabase(url, { now });
  say('ready');
  for (let index = 0; index < 200; index += 1) {
    await database.projects.create(project({ name: `${argument}-${index}` }));
    say(String(index));
  }
} else {
  throw new Error(`no task is called ${task}`);
}
say('done');
