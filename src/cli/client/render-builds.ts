/** Builds of an evaluation, as a table. Pure. */

import type { z } from 'zod';
import { describeStatus } from '../progress/describe-status.ts';
import type { buildSchema } from './hydra-schemas.ts';
import { renderTable } from './render-table.ts';

type Build = z.output<typeof buildSchema>;

/** In the order of their jobs. */
export function renderBuilds(builds: readonly Build[]): readonly string[] {
  const sorted = builds.toSorted((a, b) => (a.job < b.job ? -1 : a.job > b.job ? 1 : a.id - b.id));
  return renderTable(
    ['job', 'build', 'system', 'result', 'output'],
    sorted.map((build) => [
      build.job,
      build.id,
      build.system,
      resultOf(build),
      Object.values(build.buildoutputs)[0]?.path ?? null,
    ]),
    'no builds',
  );
}

function resultOf({ finished, starttime, buildstatus }: Build): string {
  if (finished === 1) return describeStatus(buildstatus ?? -1);
  return starttime === null ? 'queued' : 'building';
}
