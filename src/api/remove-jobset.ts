/** Removes a jobset with all it has; what it is doing ends first. */

import type { Ci } from '../ci/ci.ts';
import type { JobsetRecord } from '../db/records.ts';

/** `remove`: what takes it out of the database. */
export async function removeJobset(
  { database, evaluations, builds }: Ci,
  jobset: JobsetRecord,
  remove: () => Promise<void>,
): Promise<void> {
  await evaluations.cancel(jobset.id);
  const unfinished: number[] = [];
  for await (const build of database.builds.queued()) {
    if (build.jobsetId === jobset.id) unfinished.push(build.id);
  }
  if (unfinished.length > 0) await builds.cancel(unfinished);
  await remove();
  evaluations.jobsetChanged(jobset.id);
}
