/** A job of an evaluation as the database takes it. */

import type { NewBuild } from '../../db/records.ts';
import type { JobsetJob } from '../../evaluate/jobset-evaluation.ts';

export function newBuild({ name, drvName, system, drvPath, outputs, meta }: JobsetJob): NewBuild {
  const { schedulingPriority, ...rest } = meta;
  return {
    job: name,
    nixName: drvName,
    system,
    drvPath,
    outputs: Object.fromEntries([...outputs].map(([output, path]) => [output, path ?? null])),
    priority: schedulingPriority,
    ...rest,
  };
}
