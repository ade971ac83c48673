/** Reading evaluations: whole records from ids, inputs fetched for all of them at once. */

import type { Connection } from './connection.ts';
import { inIds } from './in-list.ts';
import type { EvaluationInputRecord, EvaluationRecord } from './records.ts';

const columns = [
  'e.id',
  'e.jobset_id as jobsetId',
  'p.name as project',
  's.name as jobset',
  'e.state',
  'e.started_at as startedAt',
  'e.finished_at as finishedAt',
  'e.checkout_ms as checkoutMs',
  'e.evaluation_ms as evaluationMs',
  'e.has_new_builds as hasNewBuilds',
  'e.input_hash as inputHash',
  'e.error_message as errorMessage',
  'e.flake',
  'e.nix_expr_input as nixExprInput',
  'e.nix_expr_path as nixExprPath',
] as const;

/** In the order of the ids; those that do not exist are left out. */
export async function evaluationsByIds(
  connection: Connection,
  ids: readonly number[],
): Promise<readonly EvaluationRecord[]> {
  if (ids.length === 0) return [];
  const { db, dialect } = connection;
  const rows = await db
    .selectFrom('evaluations as e')
    .innerJoin('jobsets as s', 's.id', 'e.jobset_id')
    .innerJoin('projects as p', 'p.id', 's.project_id')
    .select(columns)
    .where(inIds(dialect, 'e.id', ids))
    .execute();
  const inputs = await inputsOf(connection, ids);
  const records = new Map(
    rows.map((row) => [
      row.id,
      {
        ...row,
        hasNewBuilds: row.hasNewBuilds === 1,
        inputs: inputs.get(row.id) ?? [],
      },
    ]),
  );
  return ids.flatMap((id) => records.get(id) ?? []);
}

async function inputsOf(
  { db, dialect }: Connection,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly EvaluationInputRecord[]>> {
  const rows = await db
    .selectFrom('evaluation_inputs')
    .select([
      'evaluation_id as id',
      'name',
      'type',
      'uri',
      'revision',
      'value',
      'dependency',
      'path',
      'sha256',
    ])
    .where(inIds(dialect, 'evaluation_id', ids))
    .orderBy('evaluation_id')
    .orderBy('position')
    .execute();
  const inputs = new Map<number, EvaluationInputRecord[]>();
  for (const { id, ...input } of rows) {
    const known = inputs.get(id);
    if (known === undefined) inputs.set(id, [input]);
    else known.push(input);
  }
  return inputs;
}
