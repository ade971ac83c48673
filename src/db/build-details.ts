/** What belongs to builds besides their rows, for many builds at once. */

import { sql } from 'kysely';
import { findBuilds } from './build-filter.ts';
import type { Connection } from './connection.ts';
import type { BuildDetails, BuildRepository } from './database.ts';
import { inIds } from './in-list.ts';
import type { MetricRecord, ProductRecord } from './records.ts';

export function createBuildDetails(
  connection: Connection,
): Pick<BuildRepository, 'details' | 'metricHistory'> {
  const { db, dialect } = connection;
  return {
    async details(ids) {
      const details = new Map(
        ids.map((id): [number, { [Key in keyof BuildDetails]: BuildDetails[Key][number][] }] => [
          id,
          { evaluations: [], products: [], metrics: [] },
        ]),
      );
      if (details.size === 0) return details;
      const evaluations = await db
        .selectFrom('evaluation_builds')
        .select(['build_id', 'evaluation_id'])
        .distinct()
        .where(inIds(dialect, 'build_id', ids))
        .orderBy('evaluation_id')
        .execute();
      for (const row of evaluations) details.get(row.build_id)?.evaluations.push(row.evaluation_id);
      const products = await db
        .selectFrom('build_products')
        .selectAll()
        .where(inIds(dialect, 'build_id', ids))
        .orderBy('number')
        .execute();
      for (const { build_id, default_path, file_size, ...rest } of products) {
        const product: ProductRecord = { ...rest, defaultPath: default_path, fileSize: file_size };
        details.get(build_id)?.products.push(product);
      }
      const metrics = await db
        .selectFrom('build_metrics')
        .selectAll()
        .where(inIds(dialect, 'build_id', ids))
        .orderBy('name')
        .execute();
      for (const { build_id, ...metric } of metrics) {
        details.get(build_id)?.metrics.push(metric satisfies MetricRecord);
      }
      return details;
    },
    async metricHistory(filter, name, limit) {
      const { condition } = await findBuilds(connection, filter);
      const rows = await db
        .selectFrom('builds as b')
        .innerJoin('build_metrics as m', 'm.build_id', 'b.id')
        .select(['b.id as buildId', 'b.queued_at as queuedAt', 'm.value', 'm.unit'])
        .where(condition)
        .where('b.finished', '=', sql.lit(1))
        .where('m.name', '=', name)
        .orderBy('b.id', 'desc')
        .limit(limit)
        .execute();
      return rows.reverse();
    },
  };
}
