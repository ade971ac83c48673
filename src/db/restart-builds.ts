/**
 * Restarting builds on somebody's wish: finished ones are queued again, and what is known to fail of them is
 * forgotten, else they would fail at once: their derivations and outputs, and those of all their steps.
 */

import type { Connection } from './connection.ts';
import { forgetFailures } from './failure-repository.ts';
import { inIds } from './in-list.ts';
import { requeueBuilds } from './requeue-builds.ts';
import { parseOutputs } from './step-outputs.ts';

/** To be called in a transaction. Returns those that were finished, ascending. */
export async function restartBuilds(
  connection: Connection,
  ids: readonly number[],
): Promise<readonly number[]> {
  const restarted = await requeueBuilds(connection, ids);
  await forgetFailures(connection, await failureKeys(connection, restarted));
  return restarted;
}

async function failureKeys({ db, dialect }: Connection, ids: readonly number[]): Promise<readonly string[]> {
  const builds = await db
    .selectFrom('builds')
    .select('drv_path')
    .where(inIds(dialect, 'id', ids))
    .execute();
  const outputs = await db
    .selectFrom('build_outputs')
    .select('path')
    .where(inIds(dialect, 'build_id', ids))
    .execute();
  const steps = await db
    .selectFrom('steps')
    .select(['drv_path', 'outputs'])
    .where(inIds(dialect, 'build_id', ids))
    .execute();
  const keys = [
    ...builds.map((build) => build.drv_path),
    ...outputs.map((output) => output.path),
    ...steps.flatMap((step) => [step.drv_path, ...Object.values(parseOutputs(step.outputs))]),
  ];
  return [...new Set(keys)].filter((key) => key !== null);
}
