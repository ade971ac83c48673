/** Opens what a cache on a port of its own keeps NARs in: the files, and the database that says what files there are. */

import { openNarBlobs } from '../../blobs/open-nar-blobs.ts';
import { openDatabase } from '../../db/open-database.ts';
import type { StoredMainOptions } from './open-stored-main.ts';

export interface KeepSettings {
  /** A folder, or the address of a bucket. */
  readonly place: string;
  /** Where files lie while they are sent to S3. */
  readonly staging: string;
  /** The address of the database; a file in that folder is made with it. */
  readonly database: string;
  readonly accel?: string | undefined;
}

export interface Keeping extends AsyncDisposable {
  readonly options: Pick<StoredMainOptions, 'blobs' | 'database' | 'accel'>;
}

/** Of PostgreSQL, for one process: several of them may serve together. */
const connections = 4;

/** Closed after the server is. Throws `config.invalid`, `blobs.unreachable`, `db.…`. */
export async function openKeeping(
  { place, staging, database: url, accel }: KeepSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Keeping> {
  await using stack = new AsyncDisposableStack();
  const blobs = stack.use(await openNarBlobs(place, { staging, env }));
  const database = stack.use(await openDatabase(url, { now: Date.now, connections }));
  const owned = stack.move();
  return { options: { blobs, database, accel }, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
