/** Jobsets with how they stand, as a table. Pure. */

import type { z } from 'zod';
import { ago } from './ago.ts';
import type { jobsetOverviewSchema } from './hydra-schemas.ts';
import { renderTable } from './render-table.ts';

type Overview = z.output<typeof jobsetOverviewSchema>;

/** `now`: milliseconds since 1970. */
export function renderJobsets(jobsets: readonly Overview[], now: number): readonly string[] {
  return renderTable(
    ['jobset', 'succeeded', 'failed', 'queued', 'checked', 'state'],
    jobsets.map((jobset) => [
      `${jobset.project}:${jobset.name}`,
      jobset.nrsucceeded,
      jobset.nrfailed,
      jobset.nrscheduled,
      ago(jobset.lastcheckedtime, now),
      stateOf(jobset),
    ]),
    'no jobsets: proteus jobset create PROJECT:JOBSET',
  );
}

function stateOf(jobset: Overview): string {
  if (jobset.starttime !== null) return 'evaluating';
  if (jobset.triggertime !== null) return 'to be evaluated';
  if (jobset.fetcherrormsg) return 'cannot fetch its inputs';
  return jobset.haserrormsg ? 'has evaluation errors' : '';
}
