/** Builds with all that Hydra's JSON says of them, however many in a fixed number of queries. */

import type { Ci } from '../ci/ci.ts';
import type { BuildDetails } from '../db/database.ts';
import type { BuildRecord } from '../db/records.ts';
import { buildJson } from './json/build-json.ts';

const nothing: BuildDetails = { evaluations: [], products: [], metrics: [] };

export type BuildJson = ReturnType<typeof buildJson>;

export async function loadBuildJson(
  { database }: Pick<Ci, 'database'>,
  builds: readonly BuildRecord[],
): Promise<readonly BuildJson[]> {
  const details = await database.builds.details(builds.map(({ id }) => id));
  return builds.map((build) => buildJson(build, details.get(build.id) ?? nothing));
}
