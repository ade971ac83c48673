/**
 * The API over a database in memory, for tests: with a user for every role, a project of `olga`'s, and requests that read
 * like what they are.
 */

import type { Hono } from 'hono';
import { createAccess } from '../../ci/access/create-access.ts';
import { hashPassword } from '../../ci/access/password-hash.ts';
import { newBuild, testPath } from '../../ci/testing/test-database.ts';
import type { AddedJob, BuildEnd, Database } from '../../db/database.ts';
import { openDatabase } from '../../db/open-database.ts';
import type { JobsetRecord, JobsetSettings, NewBuild, ProjectRecord, StepRecord } from '../../db/records.ts';
import type { ApiDeps, ApiEnv, ApiSettings, InputType } from '../api-deps.ts';
import { createApi } from '../create-api.ts';
import { createFakeCi, type FakeCi } from './fake-ci.ts';

export const origin = 'http://localhost';
/** Of all users; hashed at next to no cost. */
export const password = 'foobar';
const passwordHash = hashPassword(password, { memory: 64, passes: 1, lanes: 1 });

const users: Readonly<Record<string, readonly string[]>> = {
  root: ['admin'],
  creator: ['create-projects'],
  evaluator: ['eval-jobset'],
  canceller: ['cancel-build'],
  restarter: ['restart-jobs'],
  bumper: ['bump-to-front'],
  stranger: ['roll-out'],
  mia: ['roll-out'],
  olga: [],
  nobody: [],
};

const inputTypes: readonly InputType[] = [
  {
    type: 'boolean',
    title: 'Boolean',
    check: (value) => (/^(true|false)$/.test(value) ? undefined : 'wanted true or false'),
  },
  ...['git', 'path', 'string', 'nix'].map((type) => ({ type, title: type, check: () => undefined })),
];

export interface TestApi extends AsyncDisposable, FakeCi {
  readonly app: Hono<ApiEnv>;
  readonly database: Database;
  readonly project: ProjectRecord;
  readonly faults: string[];
  readonly clock: { now: number };
  /** As whom: nobody in particular without `as`, with a token otherwise. */
  request(path: string, options?: TestRequest): Promise<Response>;
  /** The same, JSON in and out; the status must be the one that is wanted. */
  json(path: string, options?: TestRequest & { readonly status?: number }): Promise<unknown>;
  jobset(settings?: Partial<JobsetSettings>, projectId?: number): Promise<JobsetRecord>;
  /** An evaluation of the jobset that gives these jobs, and is done. */
  evaluated(
    jobset: JobsetRecord,
    jobs: readonly Partial<NewBuild>[],
  ): Promise<{ id: number; jobs: readonly AddedJob[] }>;
  finished(build: number, end?: Partial<BuildEnd>): Promise<void>;
  step(step?: Partial<StepRecord>): Promise<number>;
}

export interface TestRequest {
  readonly method?: string;
  readonly as?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function openTestApi(
  settings: Partial<ApiSettings> = {},
  change: Partial<ApiDeps> = {},
): Promise<TestApi> {
  const database = await openDatabase(':memory:', { now: () => 0 });
  const clock = { now: 1_700_000_000_000 };
  const now = (): number => clock.now;
  const access = createAccess({ users: database.users, now });
  for (const [name, roles] of Object.entries(users)) {
    await database.users.save({
      name,
      fullName: null,
      email: `${name}@example.org`,
      passwordHash: await passwordHash,
      emailOnError: false,
      type: 'hydra',
      publicDashboard: false,
      roles,
    });
  }
  const project = await database.projects.create({
    name: 'tests',
    displayName: 'Tests',
    description: '',
    homepage: '',
    owner: 'olga',
    enabled: true,
    hidden: false,
    enableDynamicRunCommand: false,
    declarative: null,
  });
  await database.projects.setMembers(project.id, ['mia']);
  const tokens = new Map<string, string>();
  const tokenOf = async (name: string): Promise<string> => {
    const token =
      tokens.get(name) ?? (await access.createToken(name, { name: 'test', expiresAt: null })).secret;
    tokens.set(name, token);
    return token;
  };
  const fake = createFakeCi(database, now);
  const faults: string[] = [];
  const app = createApi({
    ci: fake.ci,
    access,
    settings: { webhookSecrets: { github: [], gitea: [] }, version: '1.2.3', ...settings },
    inputTypes,
    storeFilesAt: undefined,
    nixLogDirectory: undefined,
    now,
    onFault: (message, error) => faults.push(`${message}: ${String(error)}`),
    ...change,
  });
  const request: TestApi['request'] = async (path, { method = 'GET', as, body, headers = {} } = {}) =>
    app.request(origin + path, {
      method,
      headers: {
        ...(as === undefined ? {} : { Authorization: `Bearer ${await tokenOf(as)}` }),
        ...(typeof body === 'object' ? { 'Content-Type': 'application/json' } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return Object.assign(fake, {
    app,
    database,
    project,
    faults,
    request,
    clock,
    async json(path: string, { status = 200, ...options }: TestRequest & { readonly status?: number } = {}) {
      const response = await request(path, {
        ...options,
        headers: { Accept: 'application/json', ...options.headers },
      });
      const text = await response.text();
      if (response.status !== status) throw new Error(`wanted ${status}, got ${response.status}: ${text}`);
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
    jobset: (change: Partial<JobsetSettings> = {}, projectId = project.id) =>
      database.jobsets.create(projectId, { ...jobsetSettings, ...change }),
    async evaluated(jobset: JobsetRecord, jobs: readonly Partial<NewBuild>[]) {
      const id = await database.evaluations.begin({
        jobsetId: jobset.id,
        startedAt: now(),
        checkoutMs: 1500,
        inputHash: JSON.stringify(jobs),
        flake: null,
        nixExprInput: 'src',
        nixExprPath: 'release.nix',
        inputs: [
          {
            name: 'src',
            type: 'git',
            uri: 'https://example.org/src.git',
            revision: '0123456789abcdef0123456789abcdef01234567',
            value: null,
            dependency: null,
            path: '/nix/store/00000000000000000000000000000000-source',
            sha256: 'ab',
          },
        ],
      });
      const added = await database.evaluations.addJobs(id, jobs.map(newBuild), now());
      await database.evaluations.finish(id, {
        state: 'done',
        at: now(),
        evaluationMs: 2500,
        errorMessage: null,
      });
      return { id, jobs: added };
    },
    async finished(build: number, end: Partial<BuildEnd> = {}) {
      await database.builds.finish(build, {
        status: 0,
        startedAt: now() + 1000,
        stoppedAt: now() + 5000,
        isCached: false,
        ...end,
      });
    },
    step: (step: Partial<StepRecord> = {}) =>
      database.steps.begin({
        buildId: 1,
        type: 'build',
        drvPath: testPath('web.drv'),
        phase: 30,
        startedAt: now(),
        builder: 'local',
        system: 'x86_64-linux',
        emulated: false,
        propagatedFrom: null,
        logFile: null,
        outputs: { out: testPath('web') },
        ...step,
      }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  });
}

const jobsetSettings: JobsetSettings = {
  name: 'trunk',
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
  checkInterval: 0,
  schedulingShares: 100,
  allowImportFromDerivation: false,
  enableDynamicRunCommand: false,
  inputs: [],
};
