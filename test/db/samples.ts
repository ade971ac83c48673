/** Rows for tests: complete, and told apart by their names. */

import type { CachePathRecord, StoredNarRecord } from '../../src/db/cache-records.ts';
import type { AddedJob, BuildEnd, Database, EvaluationEnd } from '../../src/db/database.ts';
import type {
  JobsetRecord,
  JobsetSettings,
  NewBuild,
  ProjectRecord,
  UserRecord,
} from '../../src/db/records.ts';
import type { NewRollout } from '../../src/db/rollout-database.ts';

export function project(change: Partial<ProjectRecord> = {}): Omit<ProjectRecord, 'id'> {
  return {
    name: 'fleet',
    displayName: 'The fleet',
    description: '',
    homepage: '',
    owner: 'alice',
    enabled: true,
    hidden: false,
    enableDynamicRunCommand: false,
    declarative: null,
    ...change,
  };
}

export function jobset(change: Partial<JobsetSettings> = {}): JobsetSettings {
  return {
    name: 'main',
    description: '',
    type: 0,
    nixExprInput: 'src',
    nixExprPath: 'release.nix',
    flake: null,
    state: 1,
    hidden: false,
    enableEmail: false,
    emailOverride: '',
    keepEvaluations: 3,
    checkInterval: 300,
    schedulingShares: 100,
    allowImportFromDerivation: false,
    enableDynamicRunCommand: false,
    inputs: [
      { name: 'src', type: 'git', value: 'https://example.org/src.git main', emailResponsible: false },
    ],
    ...change,
  };
}

/** A job whose paths tell its name and version. */
export function job(name: string, version = 1, change: Partial<NewBuild> = {}): NewBuild {
  return {
    job: name,
    nixName: `${name}-${version}`,
    system: 'x86_64-linux',
    drvPath: `/nix/store/${name}-${version}.drv`,
    outputs: { out: `/nix/store/${name}-${version}` },
    description: null,
    license: null,
    homepage: null,
    maintainers: null,
    maxSilent: null,
    timeout: null,
    isChannel: false,
    priority: 100,
    ...change,
  };
}

export function user(change: Partial<UserRecord> = {}): UserRecord {
  return {
    name: 'alice',
    fullName: 'Alice',
    email: 'alice@example.org',
    passwordHash: '!',
    emailOnError: false,
    type: 'hydra',
    publicDashboard: false,
    roles: [],
    ...change,
  };
}

/** How a build ends that took from 2000 to 3000. */
export function end(change: Partial<BuildEnd> = {}): BuildEnd {
  return { status: 0, startedAt: 2000, stoppedAt: 3000, isCached: false, ...change };
}

/** A project with one jobset. */
export async function sampleJobset(
  database: Database,
  change: Partial<JobsetSettings> = {},
): Promise<JobsetRecord> {
  const { id } = (await database.projects.find('fleet')) ?? (await database.projects.create(project()));
  return database.jobsets.create(id, jobset(change));
}

export interface SampleEvaluation {
  readonly id: number;
  readonly added: readonly AddedJob[];
  /** The build of a job. */
  readonly build: (job: string) => number;
}

export async function begin(database: Database, jobsetId: number, inputHash = 'hash'): Promise<number> {
  return database.evaluations.begin({
    jobsetId,
    startedAt: 1000,
    checkoutMs: 10,
    inputHash,
    flake: null,
    nixExprInput: 'src',
    nixExprPath: 'release.nix',
    inputs: [],
  });
}

/** An evaluation with these jobs, ended as said. */
export async function evaluate(
  database: Database,
  jobsetId: number,
  jobs: readonly NewBuild[],
  state: EvaluationEnd['state'] = 'done',
): Promise<SampleEvaluation> {
  const id = await begin(database, jobsetId);
  const added = await database.evaluations.addJobs(id, jobs, 1000);
  await database.evaluations.finish(id, { state, at: 2000, evaluationMs: 20, errorMessage: null });
  return {
    id,
    added,
    build(name) {
      const found = added.find(({ job }) => job === name);
      if (found === undefined) throw new Error(`no job ${name}`);
      return found.buildId;
    },
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  return Array.fromAsync(items);
}

/** A file with the NAR of that name in it; the same name has the same file. */
export function storedNar(name: string, change: Partial<StoredNarRecord> = {}): StoredNarRecord {
  return {
    fileHash: `file-${name}`,
    fileSize: 100,
    narHash: `nar-${name}`,
    narSize: 400,
    compression: 'zstd',
    createdAt: 1000,
    verifiedAt: 1000,
    ...change,
  };
}

/** A path of that name (of the digits of nix32) which refers to others of their names. */
export function cachePath(
  name: string,
  references: readonly string[] = [],
  change: Partial<CachePathRecord> = {},
): CachePathRecord {
  return {
    cacheId: 1,
    hashPart: name.padEnd(32, '0'),
    path: cachePathOf(name),
    narHash: `nar-${name}`,
    narSize: 400,
    references: references.map(cachePathOf),
    deriver: null,
    ca: null,
    signatures: [],
    fileHash: `file-${name}`,
    addedAt: 2000,
    servedAt: 2000,
    ...change,
  };
}

function cachePathOf(name: string): string {
  return `/nix/store/${name.padEnd(32, '0')}-${name}`;
}

/** A rollout of these hosts, in one wave. */
export function rollout(id: string, hosts: readonly string[], change: Partial<NewRollout> = {}): NewRollout {
  return {
    id,
    project: 'fleet',
    jobset: 'main',
    evaluation: 1,
    action: 'switch',
    plan: '{}',
    leftOut: '[]',
    createdBy: 'alice',
    why: 'because',
    createdAt: 1000,
    hosts: hosts.map((host) => ({ host, wave: 0, toplevel: `/nix/store/${host}-2` })),
    entry: '{"type":"planned"}',
    ...change,
  };
}
