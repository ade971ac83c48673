import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EvaluationRecord, JobsetRecord } from '../../db/records.ts';
import type { JobsetJob, JobsetResult } from '../../evaluate/jobset-evaluation.ts';
import type { ServerEvent } from '../../events/event.ts';
import { AppError } from '../../util/app-error.ts';
import { openTestDatabase, type TestDatabase, testPath } from '../testing/test-database.ts';
import type { EvaluationDeps, Progress } from './evaluation-run.ts';
import { type EvaluationStop, runEvaluation } from './run-evaluation.ts';

let test: TestDatabase;
let events: ServerEvent[];
let taken: number[];
let abort: AbortController;
let progress: Progress;
let time: number;
/** What the evaluator says, and what the inputs are. */
let results: (signal: AbortSignal) => AsyncIterable<JobsetResult>;
let revision: string;
let deps: EvaluationDeps;

const job = (name: string, more: Partial<JobsetJob> = {}): JobsetResult => ({
  type: 'job',
  job: {
    name,
    drvName: `${name}-1.0`,
    system: 'x86_64-linux',
    drvPath: testPath(`${name}.drv`),
    outputs: new Map([['out', testPath(name)]]),
    meta: {
      description: null,
      license: null,
      homepage: null,
      maintainers: null,
      schedulingPriority: 50,
      timeout: null,
      maxSilent: 7,
      isChannel: false,
    },
    ...more,
  },
});

const failed = (name: string, message = 'no'): JobsetResult => ({
  type: 'failed',
  job: name,
  error: {
    message,
    position: { file: 'src/release.nix', line: 3, column: 4 },
    trace: `error: ${message}`,
  },
});

async function* gives(...all: readonly JobsetResult[]): AsyncGenerator<JobsetResult> {
  yield* all;
}

beforeEach(async () => {
  test = await openTestDatabase({ checkInterval: 60 });
  events = [];
  taken = [];
  time = 1000;
  revision = 'r1';
  results = () => gives(job('web'));
  const lease = { add: async () => {}, [Symbol.asyncDispose]: async () => {} };
  deps = {
    database: test.database,
    // Of a store, only what is used.
    store: { nixVersion: '2.8', leaseTempRoots: async () => lease } as unknown as EvaluationDeps['store'],
    roots: { ensure: async () => {} },
    builds: {
      take: async (ids) => {
        taken.push(...ids);
      },
    },
    declarations: { begin: async () => undefined },
    scheduler: { enqueue: () => Promise.reject(new Error('not asked for')) },
    fetchInputs: async () => [
      {
        name: 'src',
        type: 'git',
        value: { kind: 'path', storePath: testPath('source'), attributes: { rev: revision } },
        uri: 'https://example.org/x',
        revision,
        sha256: null,
        dependency: null,
      },
    ],
    lockFlake: async (url) => ({ url: `${url}?rev=${revision}`, sourcePath: testPath('source'), revision }),
    evaluateJobset: (_, { signal }) => results(signal),
    cacheDirectory: '/nowhere',
    settings: {},
    allowedUris: [],
    emit: (event) => events.push(event),
    now: () => time++,
    env: {},
  };
});

afterEach(() => test[Symbol.asyncDispose]());

const jobset = async (): Promise<JobsetRecord> => (await test.database.jobsets.get(test.jobset.id))!;

async function run(): Promise<void> {
  abort = new AbortController();
  progress = {
    jobsetId: test.jobset.id,
    project: 'fleet',
    jobset: 'main',
    evaluationId: null,
    phase: 'fetching',
    startedAt: time,
    jobsDone: 0,
    jobsFailed: 0,
    jobsTotal: null,
    current: new Set(),
  };
  await runEvaluation(await jobset(), { progress, signal: abort.signal, timeoutMs: 60_000 }, deps);
}

const stop = (why: EvaluationStop): void => abort.abort(why);

async function evaluation(): Promise<EvaluationRecord | undefined> {
  return progress.evaluationId === null ? undefined : test.database.evaluations.get(progress.evaluationId);
}

const ends = () => events.flatMap((event) => (event.type === 'ci.evaluation.ended' ? event.state : []));

describe('an evaluation', () => {
  it('makes builds of jobs and has them built', async () => {
    await run();

    expect(await evaluation()).toMatchObject({
      state: 'done',
      hasNewBuilds: true,
      nixExprPath: 'release.nix',
      errorMessage: null,
      inputs: [{ name: 'src', type: 'git', revision: 'r1', path: testPath('source') }],
    });
    const builds = await test.database.evaluations.builds(progress.evaluationId!);
    expect(builds).toMatchObject([
      { job: 'web', nixName: 'web-1.0', priority: 50, maxSilent: 7, outputs: { out: testPath('web') } },
    ]);
    expect(taken).toEqual([builds[0]?.id]);
    expect(await jobset()).toMatchObject({ startedAt: null, errorMessage: null, fetchErrorMessage: null });
    expect(events.map(({ type }) => type)).toEqual([
      'ci.evaluation.started',
      'ci.evaluation.started',
      'ci.evaluation.progress',
      'ci.build.queued',
      'ci.evaluation.ended',
    ]);
  });

  it('has a job built while the next is still evaluated', async () => {
    results = async function* () {
      yield job('web');
      while (taken.length === 0) await new Promise((resolve) => setImmediate(resolve));
      yield job('db');
    };
    await run();

    expect(taken).toHaveLength(2);
  });

  it('is not made when nothing changed, and says so', async () => {
    await run();
    await test.database.jobsets.trigger(test.jobset.id, time);
    await run();

    expect(progress.evaluationId).toBeNull();
    expect(ends()).toEqual(['done', 'unchanged']);
    expect(await jobset()).toMatchObject({ triggeredAt: null, lastCheckedAt: expect.any(Number) });
  });

  it.each<[string, () => void]>([
    ['an input', () => (revision = 'r2')],
    ['the version of Nix', () => (deps = { ...deps, store: { ...deps.store, nixVersion: '2.34' } })],
    ['what may be fetched', () => (deps = { ...deps, allowedUris: ['https://example.org/'] })],
  ])('is made when %s changed, though nothing new comes out', async (_, change) => {
    await run();
    change();
    await run();

    expect(ends()).toEqual(['done', 'unchanged']);
    expect(await evaluation()).toMatchObject({ state: 'unchanged', hasNewBuilds: false });
    expect(await test.database.evaluations.buildIds(progress.evaluationId!)).toEqual([]);
  });

  it('is made when it is forced, once', async () => {
    await run();
    await test.database.jobsets.trigger(test.jobset.id, time, { force: true });
    await run();
    expect(progress.evaluationId).not.toBeNull();
    await run();
    expect(progress.evaluationId).toBeNull();
  });

  it('makes a third build when a change is taken back, as only the last one is compared', async () => {
    const drvPaths = ['web.drv', 'other.drv', 'web.drv'].map(testPath);
    const ids: (number | undefined)[] = [];
    for (const [n, drvPath] of drvPaths.entries()) {
      revision = `r${n}`;
      const out = n === 1 ? testPath('other') : testPath('web');
      results = () => gives(job('web', { drvPath, outputs: new Map([['out', out]]) }));
      await run();
      ids.push((await test.database.evaluations.buildIds(progress.evaluationId!))[0]);
    }

    expect(new Set(ids).size).toBe(3);
  });

  it('takes no build that is finished', async () => {
    await run();
    const [id] = taken.splice(0);
    await test.database.builds.finish(id!, { status: 0, startedAt: 1, stoppedAt: 2, isCached: false });
    revision = 'r2';
    results = () => gives(job('web'), job('db'));
    await run();

    expect(await test.database.evaluations.buildIds(progress.evaluationId!)).toHaveLength(2);
    expect(taken).toHaveLength(1);
    expect(taken).not.toContain(id);
  });

  it('has one build again that gets the same output from another derivation', async () => {
    await run();
    const [id] = taken.splice(0);
    await test.database.builds.finish(id!, { status: 0, startedAt: 1, stoppedAt: 2, isCached: false });
    revision = 'r2';
    results = () => gives(job('web', { drvPath: testPath('web2.drv') }));
    await run();

    expect(taken).toEqual([id]);
  });

  it('knows the members of its aggregates, also by jobs that came before', async () => {
    results = () => gives(job('web'), job('db'), job('all', { constituents: ['db', 'web', 'gone'] }));
    await run();

    const all = await test.database.evaluations.findJob(progress.evaluationId!, 'all');
    const members = await test.database.builds.constituents(all!.id);
    expect(members.map((build) => build.job).sort()).toEqual(['db', 'web']);
  });

  it('keeps what a network says of its hosts', async () => {
    const network = { description: 'n', hosts: [], brokenHosts: [] };
    results = () => gives(job('web'), { type: 'network', network } as unknown as JobsetResult);
    await run();

    expect(JSON.parse((await test.database.evaluations.network(progress.evaluationId!))!)).toEqual(network);
  });

  it('locks a flake', async () => {
    await test.database.jobsets.update(test.jobset.id, {
      ...(await jobset()),
      type: 1,
      nixExprInput: null,
      nixExprPath: null,
      flake: 'git+https://example.org/x',
    });
    await run();

    expect(await evaluation()).toMatchObject({ flake: 'git+https://example.org/x?rev=r1' });
  });
});

describe('errors', () => {
  it('of a job cost that job, and are told with their place', async () => {
    results = () => gives(failed('db'), job('web'), failed('a'));
    await run();

    expect(await evaluation()).toMatchObject({ state: 'done' });
    expect(await test.database.evaluations.errors(progress.evaluationId!)).toMatchObject([
      { job: 'db', message: 'no', file: 'src/release.nix', line: 3, column: 4, trace: 'error: no' },
      { job: 'a' },
    ]);
    expect((await jobset()).errorMessage).toBe('in job ‘a’:\nerror: no\n\nin job ‘db’:\nerror: no\n\n');
    expect(progress).toMatchObject({ jobsDone: 3, jobsFailed: 2 });
  });

  it('of the whole expression fail the evaluation, which is made again next time', async () => {
    results = () => gives(failed(''));
    await run();
    expect(await evaluation()).toMatchObject({ state: 'failed', errorMessage: 'error: no\n\n' });
    expect((await jobset()).errorMessage).toBe('error: no\n\n');

    results = () => gives(job('web'));
    await run();
    expect(ends()).toEqual(['failed', 'done']);
    expect((await jobset()).errorMessage).toBeNull();
  });

  it('of fetching are told beside those of evaluating', async () => {
    deps = {
      ...deps,
      fetchInputs: () => Promise.reject(new AppError('input.fetch', 'input src: no such branch')),
    };
    await run();

    expect(progress.evaluationId).toBeNull();
    expect(await jobset()).toMatchObject({
      fetchErrorMessage: 'input src: no such branch',
      errorMessage: null,
      startedAt: null,
    });
    expect(events.at(-1)).toMatchObject({ state: 'failed', evaluation: null });

    deps = { ...deps, fetchInputs: async () => [] };
    await run();
    expect(await jobset()).toMatchObject({ fetchErrorMessage: null });
  });

  it('never tell a password', async () => {
    const address = 'git+https://bot:s3cret@git.example.org/x';
    results = () => gives(failed('web', `cannot fetch ${address}`));
    await run();
    deps = { ...deps, fetchInputs: () => Promise.reject(new AppError('input.fetch', `no ${address}`)) };
    await run();

    const { evaluations } = test.database;
    const told = JSON.stringify([events, await jobset(), await evaluations.errors(progress.evaluationId!)]);
    expect(told).toContain('git+https://bot:***@git.example.org/x');
    expect(told).not.toContain('s3cret');
  });

  it('of ours leave the jobset due', async () => {
    await test.database.jobsets.trigger(test.jobset.id, time++, { force: true });
    results = async function* () {
      yield job('web');
      throw new AppError('evaluation.worker', 'no nix');
    };

    await expect(run()).rejects.toMatchObject({ code: 'evaluation.worker' });
    expect(await evaluation()).toMatchObject({ state: 'failed', errorMessage: 'no nix' });
    expect(await jobset()).toMatchObject({
      errorMessage: 'no nix',
      triggeredAt: expect.any(Number),
      forceEvaluation: true,
    });
  });
});

describe('an evaluation that is stopped', () => {
  beforeEach(async () => {
    await test.database.jobsets.trigger(test.jobset.id, time++);
  });

  const stopping = (why: EvaluationStop): void => {
    results = async function* () {
      yield job('web');
      while (taken.length === 0) await new Promise((resolve) => setImmediate(resolve));
      stop(why);
      throw new AppError('interrupted', 'interrupted');
    };
  };

  it('by somebody keeps what is queued', async () => {
    stopping('cancelled');
    await run();

    expect(await evaluation()).toMatchObject({ state: 'cancelled' });
    expect(await jobset()).toMatchObject({ triggeredAt: null, errorMessage: null });
    expect(await test.database.builds.countUnfinished()).toBe(1);
  });

  it('because it takes too long fails and says so', async () => {
    stopping('timed-out');
    await run();

    expect(await jobset()).toMatchObject({
      errorMessage: 'the evaluation took longer than 1 min 0 s',
      triggeredAt: null,
    });
  });

  it('with the server leaves everything for the next start', async () => {
    stopping('server-stops');
    await run();

    expect(await evaluation()).toMatchObject({ state: 'evaluating' });
    expect((await jobset()).triggeredAt).not.toBeNull();

    const { length } = taken.splice(0);
    expect(length).toBe(1);
    await test.database.evaluations.abandonUnfinished(time, 'the server stopped');
    results = () => gives(job('web'));
    await run();
    expect(await evaluation()).toMatchObject({ state: 'done' });
    expect(await test.database.builds.countUnfinished()).toBe(1);
  });

  it('while it fetches has made nothing', async () => {
    deps = {
      ...deps,
      fetchInputs: async () => {
        stop('cancelled');
        throw new AppError('interrupted', 'interrupted');
      },
    };
    await run();

    expect(progress.evaluationId).toBeNull();
    expect(events.at(-1)).toMatchObject({
      type: 'ci.evaluation.ended',
      state: 'cancelled',
      evaluation: null,
    });
    expect(await jobset()).toMatchObject({ startedAt: null, fetchErrorMessage: null });
  });
});
