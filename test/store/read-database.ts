/**
 * Run by a test as another user: reads the store database again and again, a line for each request on standard input
 * (a path), and says what it knows of it.
 */

import { createInterface } from 'node:readline';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';

using database = await openStoreDatabase();
console.log(`ready ${process.getuid?.()}`);
for await (const line of createInterface({ input: process.stdin })) {
  const info = database.lookupPath(parseStorePath(line));
  console.log(info === undefined ? 'unknown' : `${info.narSize} ${database.dataVersion() > 0}`);
}
