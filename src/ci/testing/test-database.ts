/** A database in memory with a project and a jobset in it, for tests. */

import type { AddedJob, Database } from '../../db/database.ts';
import { openDatabase } from '../../db/open-database.ts';
import type { JobsetRecord, JobsetSettings, NewBuild } from '../../db/records.ts';
import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import { jobsetRecord } from './records.ts';

export interface TestDatabase extends AsyncDisposable {
  readonly database: Database;
  readonly jobset: JobsetRecord;
  /** An evaluation of the jobset that gives these jobs, and is done. */
  evaluated(jobs: readonly Partial<NewBuild>[]): Promise<readonly AddedJob[]>;
}

export async function openTestDatabase(settings: Partial<JobsetSettings> = {}): Promise<TestDatabase> {
  const database = await openDatabase(':memory:', { now: () => 0 });
  const project = await database.projects.create({
    name: 'fleet',
    displayName: 'Fleet',
    description: '',
    homepage: '',
    owner: 'root',
    enabled: true,
    hidden: false,
    enableDynamicRunCommand: false,
    declarative: null,
  });
  const jobset = await database.jobsets.create(project.id, { ...jobsetRecord(), ...settings });
  return {
    database,
    jobset,
    async evaluated(jobs) {
      const id = await database.evaluations.begin({
        jobsetId: jobset.id,
        startedAt: 1,
        checkoutMs: 0,
        inputHash: `hash of ${JSON.stringify(jobs)}`,
        flake: null,
        nixExprInput: 'src',
        nixExprPath: 'release.nix',
        inputs: [],
      });
      const added = await database.evaluations.addJobs(id, jobs.map(newBuild), 1);
      await database.evaluations.finish(id, { state: 'done', at: 2, evaluationMs: 1, errorMessage: null });
      return added;
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** A store path that nothing is at, the same for the same name. */
export function testPath(name: string): StorePath {
  const hash = name
    .replace(/[^0-9abcdfghijklmnpqrsvwxyz]/g, '')
    .slice(0, 32)
    .padEnd(32, '0');
  return parseStorePath(`/nix/store/${hash}-${name}`);
}

function newBuild(build: Partial<NewBuild> = {}): NewBuild {
  const { job = 'web' } = build;
  return {
    job,
    nixName: job,
    system: 'x86_64-linux',
    drvPath: testPath(`${job}.drv`),
    outputs: { out: testPath(job) },
    description: null,
    license: null,
    homepage: null,
    maintainers: null,
    maxSilent: null,
    timeout: null,
    isChannel: false,
    priority: 100,
    ...build,
  };
}
