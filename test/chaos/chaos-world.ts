/** Everything that chaos is made in: two builders over ssh, a database, a repository, and a server that can be killed. */

import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobsetRecord } from '../../src/ci/testing/records.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { JobsetRecord } from '../../src/db/records.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { PostgresCluster } from '../db/postgres-cluster.ts';
import { serve, type TestServer } from '../helpers/serve.ts';
import { createLab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { releaseText, remoteSystem } from './chaos-jobs.ts';

export interface ChaosWorld extends AsyncDisposable {
  readonly directory: string;
  readonly hosts: readonly LabHost[];
  readonly cluster: PostgresCluster | undefined;
  /** The harness's own view of the server's data. */
  readonly database: Database;
  readonly jobset: JobsetRecord;
  /** Undefined while there is none. */
  readonly server: TestServer | undefined;
  /** Commits a revision; says its hash. */
  push(revision: number): Promise<string>;
  startServer(): Promise<void>;
  /** Says its exit. */
  endServer(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

export async function createChaosWorld(dialect: 'sqlite' | 'postgres'): Promise<ChaosWorld> {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await createLab());
  const hosts = await Promise.all(
    ['forge', 'anvil'].map((name) => lab.addHost(name, { nixConf: { 'extra-platforms': remoteSystem } })),
  );
  const cluster = dialect === 'postgres' ? stack.use(await PostgresCluster.create()) : undefined;
  const directory = await mkdtemp('/nix/var/chaos.');
  const databaseUrl = cluster?.url('postgres') ?? join(directory, 'proteus.db');
  const database = stack.use(await openDatabase(databaseUrl, { now: Date.now }));

  const repository = join(directory, 'repository');
  const git = async (...args: readonly string[]): Promise<string> => {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
    return (await runProcess(['git', '-C', repository, ...identity, ...args])).stdout.trim();
  };
  await runProcess(['git', 'init', '--quiet', '--initial-branch=main', repository]);
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
  const jobset = await database.jobsets.create(project.id, {
    ...jobsetRecord(),
    inputs: [{ name: 'src', type: 'git', value: `${repository} main`, emailResponsible: false }],
    checkInterval: 1,
    keepEvaluations: 10_000,
    allowImportFromDerivation: true,
  });

  const machines = hosts.map((host) => {
    const key = Buffer.from(host.hostKey).toString('base64');
    return `ssh-ng://root@${host.address} ${remoteSystem} ${lab.identityFile} 2 1 - - ${key}`;
  });
  const config = join(directory, 'proteus.toml');
  await writeFile(config, `[builders]\nmachines = ${JSON.stringify(machines)}\nmachines-file = "/nowhere"\n`);

  let server: TestServer | undefined;
  const owned = stack.move();
  return {
    directory,
    hosts,
    cluster,
    database,
    jobset,
    get server() {
      return server;
    },
    async push(revision) {
      await writeFile(join(repository, 'release.nix'), releaseText(revision));
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '--message', `Revision ${revision}`);
      return git('rev-parse', 'HEAD');
    },
    async startServer() {
      server = await serve(directory, { args: ['--config', config, '--database', databaseUrl] });
    },
    async endServer(signal) {
      if (server === undefined) return;
      const { process: child } = server;
      server = undefined;
      process.kill(child.pid, signal);
      await child.exited;
    },
    async [Symbol.asyncDispose]() {
      await server?.[Symbol.asyncDispose]();
      await owned.disposeAsync();
    },
  };
}
