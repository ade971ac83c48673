import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobsetRecord } from '../../src/ci/testing/records.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { BuildRecord, JobsetRecord } from '../../src/db/records.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { PostgresCluster } from '../db/postgres-cluster.ts';
import { createRepository, type Repository } from './jobs.ts';
import { type ServeProcess, serve } from './serve-process.ts';
import { gatesOf } from './server.ts';

describe.each(['sqlite', 'postgres'] as const)('on %s', (dialect) => {
  let cluster: PostgresCluster | undefined;
  let directory: string;
  let databaseUrl: string;
  let database: Database;
  let repository: Repository;
  let jobset: JobsetRecord;
  let server: ServeProcess;

  beforeEach(async () => {
    directory = await mkdtemp('/nix/var/server.');
    await mkdir(gatesOf(directory));
    cluster = dialect === 'postgres' ? await PostgresCluster.create() : undefined;
    databaseUrl = cluster?.url('postgres') ?? join(directory, 'proteus.db');
    database = await openDatabase(databaseUrl, { now: Date.now });
    repository = await createRepository();
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
    const inputs = [{ name: 'src', type: 'git', value: repository.url, emailResponsible: false }];
    jobset = await database.jobsets.create(project.id, { ...jobsetRecord({ inputs }) });
    server = await start();
  });

  afterEach(async () => {
    await server.kill();
    await database[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const start = (): Promise<ServeProcess> => serve({ directory, databaseUrl });

  const restart = async (): Promise<void> => {
    await server.kill();
    server = await start();
  };

  const open = (gate: string): Promise<void> => writeFile(join(gatesOf(directory), gate), '');

  const atGate = (gate: string) => logged(`at gate ${gate}`);

  /** Resolves when a build has said so, to this server or an earlier one. */
  async function logged(text: string): Promise<void> {
    await expect
      .poll(
        async () => {
          const steps = await database.steps.running();
          const logs = await Promise.all(
            steps.map(({ logFile }) =>
              readFile(join(directory, 'logs', logFile ?? ''), 'utf8').catch(() => ''),
            ),
          );
          return logs.some((log) => log.includes(text));
        },
        { timeout: 30_000 },
      )
      .toBe(true);
  }

  async function builds(): Promise<readonly BuildRecord[]> {
    const evaluation = await database.evaluations.latestWithBuilds(jobset.id);
    return evaluation === undefined ? [] : database.evaluations.builds(evaluation.id);
  }

  async function allBuilt(): Promise<readonly BuildRecord[]> {
    await expect
      .poll(async () => (await builds()).map(({ finished }) => finished), { timeout: 60_000 })
      .toEqual(expect.arrayContaining([true]));
    await expect.poll(() => database.builds.countUnfinished(), { timeout: 60_000 }).toBe(0);
    return builds();
  }

  it('kill -9 loses nothing and repeats nothing that was finished', async () => {
    await repository.push(`{ ... }: rec {
      done = job "done-${dialect}" "echo > $out";
      running = sh "running-${dialect}" { inherit done; } "\${gate "running"} echo > $out";
      queued = sh "queued-${dialect}" { inherit running; } "echo > $out";
    }`);
    server.tell({ trigger: jobset.id });
    await atGate('running');
    // Not in the middle of the evaluation, which would be made again.
    await expect.poll(async () => (await builds()).length).toBe(3);
    await restart();
    // A step belongs to the build that was the first to want it, which need not be its own.
    const steps = async (job: string) => {
      const of = await Promise.all((await builds()).map(({ id }) => database.steps.of(id)));
      const own = of.flat().filter(({ drvPath }) => drvPath.endsWith(`-${job}-${dialect}.drv`));
      return own.map(({ status, errorMessage }) => [status, errorMessage]);
    };
    expect(await steps('running')).toContainEqual([3, 'the server stopped meanwhile']);
    await open('running');
    const all = await allBuilt();

    expect(all.map(({ job, status }) => [job, status])).toEqual(
      expect.arrayContaining([
        ['done', 0],
        ['queued', 0],
        ['running', 0],
      ]),
    );
    expect(await steps('done')).toEqual([[0, null]]);
    // Once more, unless the daemon finished it before it noticed that the server was gone.
    expect([[3, 0], [3]]).toContainEqual(
      (await steps('running')).map(([status]) => status).toSorted(descending),
    );
    expect(await steps('queued')).toEqual([[0, null]]);
  });

  it('kill -9 in the middle of an evaluation has it made again, with the same builds', async () => {
    await repository.push(`{ ... }: {
      a = job "early-${dialect}" "\${gate "early"} echo > $out";
      z = builtins.seq (builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 30000000)) (job "late-${dialect}" "echo > $out");
    }`);
    server.tell({ trigger: jobset.id });
    await server.seen('ci.build.queued');
    await restart();
    await open('early');
    await server.seen('ci.evaluation.ended');
    const all = await allBuilt();

    expect(all.map(({ job, status }) => [job, status])).toEqual([
      ['a', 0],
      ['z', 0],
    ]);
    expect(await database.builds.page({}, { offset: 0, limit: 10 })).toMatchObject({ total: 2 });
    expect(await database.jobsets.get(jobset.id)).toMatchObject({ startedAt: null, triggeredAt: null });
  });

  it('takes what was built meanwhile as done', async () => {
    await repository.push(`{ ... }: { a = job "meanwhile-${dialect}" "\${gate "meanwhile"} echo > $out"; }`);
    server.tell({ trigger: jobset.id });
    await atGate('meanwhile');
    await server.kill();
    await open('meanwhile');
    const [build] = await builds();
    await runProcess([
      'nix-store',
      '--realise',
      build!.drvPath,
      '--option',
      'extra-sandbox-paths',
      `/gates=${gatesOf(directory)}`,
    ]);
    server = await start();

    expect(await allBuilt()).toMatchObject([{ status: 0 }]);
    expect((await database.steps.of(build!.id)).map(({ status }) => status)).toEqual([3]);
  });

  it('leaves no process behind when it is killed', async () => {
    await repository.push(`{ ... }: { a = job "orphan-${dialect}" "\${gate "orphan"} echo > $out"; }`);
    server.tell({ trigger: jobset.id });
    await atGate('orphan');
    await server.kill();

    await expect
      .poll(
        async () => {
          const names = await Promise.all(
            (await readdir('/proc'))
              .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
              .map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
          );
          return names.filter((line) => /nix|at gate orphan/.test(line.split('\0')[0] ?? ''));
        },
        { timeout: 20_000 },
      )
      .toEqual([]);
  });

  it.runIf(dialect === 'postgres')('waits for PostgreSQL, and builds go on meanwhile', async () => {
    await repository.push(`{ ... }: rec {
      a = job "before-pg" "\${gate "pg-a"} echo > $out";
      b = sh "after-pg" { inherit a; } "\${gate "pg-b"} echo > $out";
    }`);
    server.tell({ trigger: jobset.id });
    await server.seen('ci.evaluation.ended');
    await atGate('pg-a');
    await cluster?.stop();
    await open('pg-a');
    await server.seen('step.done', ({ name }) => name === 'before-pg');
    await server.seen('message', ({ text }) => text.startsWith('waiting for the database'));
    await server.seen('step.log', ({ line }) => line === 'at gate pg-b');
    await cluster?.start();
    await server.seen('message', ({ text }) => text === 'the database is back');
    await open('pg-b');

    expect((await allBuilt()).map(({ status }) => status)).toEqual([0, 0]);
    const steps = await Promise.all((await builds()).map(({ id }) => database.steps.of(id)));
    expect(steps.flat().map(({ status }) => status)).toEqual([0, 0]);
  });
});

function descending(a: unknown, b: unknown): number {
  return Number(b) - Number(a);
}
