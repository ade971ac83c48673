import type { BuildDetails } from '../../db/database.ts';
import type { BuildRecord } from '../../db/records.ts';
import { seconds, secondsOrNull } from './seconds.ts';

/** A build as Hydra says it. */
export function buildJson(build: BuildRecord, { evaluations, products, metrics }: BuildDetails) {
  return {
    id: build.id,
    finished: build.finished ? 1 : 0,
    timestamp: seconds(build.queuedAt),
    starttime: secondsOrNull(build.startedAt),
    stoptime: secondsOrNull(build.stoppedAt),
    project: build.project,
    jobset: build.jobset,
    job: build.job,
    nixname: build.nixName,
    system: build.system,
    priority: build.priority,
    buildstatus: build.status,
    releasename: build.releaseName,
    drvpath: build.drvPath,
    jobsetevals: evaluations,
    buildoutputs: Object.fromEntries(Object.entries(build.outputs).map(([name, path]) => [name, { path }])),
    buildproducts: Object.fromEntries(
      products.map(({ number, type, subtype, name, fileSize, sha256, path, defaultPath }) => [
        number,
        { type, subtype, name, filesize: fileSize, sha256hash: sha256, path, defaultpath: defaultPath },
      ]),
    ),
    buildmetrics: Object.fromEntries(metrics.map(({ name, value, unit }) => [name, { value, unit }])),
  };
}

/** A build in the lists under `/api`: with what became of it, or with how urgent it is. */
export function buildSummaryJson(build: BuildRecord) {
  return {
    id: build.id,
    project: build.project,
    jobset: build.jobset,
    job: build.job,
    system: build.system,
    nixname: build.nixName,
    finished: build.finished ? 1 : 0,
    timestamp: seconds(build.queuedAt),
    ...(build.finished ? { buildstatus: build.status } : { priority: build.priority }),
  };
}
