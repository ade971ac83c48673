/**
 * The continuous loop under load while its parts are killed at random: the server itself, evaluation workers, local
 * daemons, the builder's sshd. In the end every job must be right, nothing done twice, nothing lost, and nothing left
 * behind. Runs in scripts/in-lab: `scripts/test-chaos [--minutes N] [--seed N]`.
 */

import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { jobsetRecord } from '../../src/ci/testing/records.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { JobsetRecord } from '../../src/db/records.ts';
import { createRepository } from '../ci/jobs.ts';
import { type ServeProcess, serve } from '../ci/serve-process.ts';
import { createLab } from '../lab/lab.ts';
import { generationExpression } from './chaos-jobs.ts';
import { ageRoots, verify } from './verify.ts';
import { killOne, programs } from './victims.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: `${Date.now() % 1e6}` },
  },
});
const seed = Number(values.seed);
const durationMs = Number(values.minutes) * 60_000;
if (!(durationMs > 0) || !Number.isSafeInteger(seed))
  throw new Error('wanted numbers for --minutes and --seed');
process.stdout.write(`chaos for ${values.minutes} minutes, seed ${seed}\n`);
process.exitCode = await chaos();

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function chaos(): Promise<number> {
  const random = randomFrom(seed);
  const directory = await mkdtemp('/nix/var/chaos.');
  const databaseUrl = join(directory, 'proteus.db');
  await using database = await openDatabase(databaseUrl, { now: Date.now });
  await using lab = await createLab();
  const host = await lab.addHost('forge');
  const key = Buffer.from(host.hostKey).toString('base64');
  const machines = `ssh-ng://root@${host.address} i586-linux ${lab.identityFile} 2 1 - - ${key}`;
  const repository = await createRepository();
  const jobset = await makeJobset(database, repository.url);
  const start = (): Promise<ServeProcess> => serve({ directory, databaseUrl, machines });
  let server = await start();
  const kills = new Map<string, number>();
  let generation = 0;
  let pushAt = 0;

  const attacks: readonly (readonly [string, () => Promise<string | undefined>])[] = [
    [
      'server',
      async () => {
        await server.kill();
        server = await start();
        return 'server';
      },
    ],
    ['evaluation worker', () => killWorker()],
    ['daemon', () => killOne(/^nix-daemon --stdio/, random)],
    ['ssh', () => killOne(/^ssh .*root@/, random)],
    [
      'sshd of the builder',
      async () => {
        await host.killSshd();
        await sleep(500 + random() * 2000);
        await host.startSshd();
        return 'sshd';
      },
    ],
  ];

  /** They live for a moment only, after a push. */
  async function killWorker(): Promise<string | undefined> {
    server.tell({ trigger: jobset.id, force: true });
    for (let tries = 0; tries < 60; tries += 1) {
      const killed = await killOne(/^nix repl/, random);
      if (killed !== undefined) return killed;
      await sleep(50);
    }
    return undefined;
  }

  for (const end = Date.now() + durationMs; Date.now() < end; ) {
    if (Date.now() >= pushAt) {
      generation += 1;
      await repository.push(generationExpression(generation));
      server.tell({ trigger: jobset.id });
      pushAt = Date.now() + 8000;
    }
    await sleep(500 + random() * 3500);
    const [what, attack] = attacks[Math.floor(random() * attacks.length)] ??
      attacks[0] ?? ['', async () => ''];
    if ((await attack()) !== undefined) kills.set(what, (kills.get(what) ?? 0) + 1);
  }
  process.stdout.write(
    `${generation} generations pushed; killed: ${[...kills].map(([what, count]) => `${what} ${count}`).join(', ')}\n`,
  );

  server.tell({ trigger: jobset.id });
  const quiet = await untilQuiet(database, jobset.id);
  await ageRoots(directory);
  server.tell({ apply: true });
  await sleep(5000);
  await server.kill();
  const wrong = [
    ...(quiet ? [] : ['it did not come to rest in five minutes']),
    ...(await verify(database, directory, generation)),
  ];
  await sleep(3000);
  const strays = (await programs()).filter(({ command }) => /^(?:nix|nix-daemon|ssh|git)\b/.test(command));
  wrong.push(...strays.map(({ command }) => `still running: ${command.slice(0, 100)}`));
  for (const sentence of wrong) process.stdout.write(`WRONG: ${sentence}\n`);
  process.stdout.write(wrong.length === 0 ? 'chaos: ok\n' : `chaos: ${wrong.length} things are wrong\n`);
  return wrong.length === 0 ? 0 : 1;
}

async function makeJobset(database: Database, url: string): Promise<JobsetRecord> {
  const project = await database.projects.create({
    name: 'chaos',
    displayName: 'Chaos',
    description: '',
    homepage: '',
    owner: 'root',
    enabled: true,
    hidden: false,
    enableDynamicRunCommand: false,
    declarative: null,
  });
  const inputs = [{ name: 'src', type: 'git', value: url, emailResponsible: false }];
  return database.jobsets.create(project.id, { ...jobsetRecord({ inputs }), keepEvaluations: 2 });
}

async function untilQuiet(database: Database, jobsetId: number): Promise<boolean> {
  for (let waited = 0; waited < 300; waited += 1) {
    await sleep(1000);
    const jobset = await database.jobsets.get(jobsetId);
    const open = await database.builds.countUnfinished();
    if (open === 0 && jobset?.startedAt === null && jobset.triggeredAt === null && waited > 5) return true;
  }
  return false;
}
