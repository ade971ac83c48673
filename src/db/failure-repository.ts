/** Derivations known to fail. A key is what the scheduler chooses: the path of a derivation or of an output. */

import type { Connection } from './connection.ts';
import type { FailureRepository } from './database.ts';
import { inTexts } from './in-list.ts';
import { chunks } from './insert-rows.ts';

export function createFailureRepository(connection: Connection): FailureRepository {
  const { db, dialect } = connection;
  return {
    find: (keys, now) =>
      db
        .selectFrom('failures')
        .select(['key', 'message'])
        .where(inTexts(dialect, 'key', keys))
        .where('expires_at', '>', now)
        .orderBy('key')
        .execute(),
    add: (keys, message, expiresAt) =>
      connection.transaction(async ({ db }) => {
        const rows = [...new Set(keys)].sort().map((key) => ({ key, message, expires_at: expiresAt }));
        for (const chunk of chunks(rows))
          await db
            .insertInto('failures')
            .values(chunk)
            .onConflict((conflict) => conflict.column('key').doUpdateSet({ message, expires_at: expiresAt }))
            .execute();
      }),
    forget: (keys) => forgetFailures(connection, keys),
    async clear() {
      const { numDeletedRows } = await db.deleteFrom('failures').executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

export async function forgetFailures({ db, dialect }: Connection, keys: readonly string[]): Promise<void> {
  if (keys.length > 0)
    await db
      .deleteFrom('failures')
      .where(inTexts(dialect, 'key', keys))
      .execute();
}
