/** Odds and ends that outlive the server. */

import type { Connection } from './connection.ts';
import type { ServerRepository } from './database.ts';

export function createServerRepository({ db }: Connection): ServerRepository {
  return {
    async drainedBuilders() {
      const rows = await db.selectFrom('drained_builders').select('builder').execute();
      return new Set(rows.map(({ builder }) => builder));
    },
    async setDrained(builder, drained, by, at) {
      if (!drained) {
        await db.deleteFrom('drained_builders').where('builder', '=', builder).execute();
        return;
      }
      await db
        .insertInto('drained_builders')
        .values({ builder, drained_by: by, drained_at: at })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async firstSeen(uri, sha256, at) {
      await db
        .insertInto('first_seen')
        .values({ uri, sha256, seen_at: at })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const row = await db
        .selectFrom('first_seen')
        .select('seen_at')
        .where('uri', '=', uri)
        .where('sha256', '=', sha256)
        .executeTakeFirstOrThrow();
      return row.seen_at;
    },
  };
}
