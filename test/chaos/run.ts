/**
 * The chaos test: a server evaluates and builds one revision after the other while its parts are killed at random. In
 * the end, when everything has come to rest, every job must be right, nothing done twice, nothing lost, and neither
 * processes nor roots may be left.
 *
 *   npm run test:chaos -- [--minutes N] [--seed N] [--database sqlite|postgres]
 */

import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type ChaosAction, chaosActions } from './chaos-actions.ts';
import { type ChaosWorld, createChaosWorld } from './chaos-world.ts';
import { checkBuilds, checkLeft } from './check-outcome.ts';
import { createRandom, type Random } from './random.ts';

/** How long everything may take to come to rest. */
const restMs = 300_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    database: { type: 'string', default: 'sqlite' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const dialect = values.database === 'postgres' ? 'postgres' : 'sqlite';
const beganAt = Date.now();
const say = (text: string): void => {
  const seconds = ((Date.now() - beganAt) / 1000).toFixed(1).padStart(6);
  process.stdout.write(`${seconds} s  ${text}\n`);
};

/** Pushes every few seconds until the signal fires. */
async function pushOn(world: ChaosWorld, revisions: Map<string, number>, signal: AbortSignal): Promise<void> {
  for (let revision = 1; !signal.aborted; revision++) {
    revisions.set(await world.push(revision), revision);
    await delay(6000, undefined, { signal }).catch(() => {});
  }
}

async function makeChaos(world: ChaosWorld, random: Random, signal: AbortSignal): Promise<void> {
  const actions = chaosActions(world, random);
  const hat = actions.flatMap((action) => Array.from<ChaosAction>({ length: action.weight }).fill(action));
  while (!signal.aborted) {
    await delay(random.between(500, 5000), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const action = random.pick(hat);
    const met = await action.run();
    say(met === '' ? action.name : `${action.name}: ${met}`);
  }
}

/** Resolves when nothing is left to do; says what is when that takes too long. */
async function untilRest({ database, jobset }: ChaosWorld, head: string): Promise<readonly string[]> {
  const deadline = Date.now() + restMs;
  for (;;) {
    const last = await database.evaluations.latest(jobset.id);
    const unfinished = await database.builds.countUnfinished();
    const isLast =
      last?.inputs[0]?.revision === head && (last.state === 'done' || last.state === 'unchanged');
    if (isLast && unfinished === 0) return [];
    if (Date.now() > deadline) {
      const queue = await database.builds.queue(5);
      return [
        `not at rest: the last evaluation is ${last?.id} (${last?.state}), ${unfinished} builds are unfinished:`,
        ...queue.map(({ id, job, drvPath }) => `  build ${id} (${job}): ${drvPath}`),
      ];
    }
    await delay(500);
  }
}

say(`seed ${seed}, ${minutes} minutes, ${dialect}`);
const world = await createChaosWorld(dialect);
const random = createRandom(seed);
const revisions = new Map<string, number>();
await world.startServer();
const chaos = new AbortController();
setTimeout(() => chaos.abort(), minutes * 60_000);
await Promise.all([pushOn(world, revisions, chaos.signal), makeChaos(world, random, chaos.signal)]);

say('chaos is over');
const last = revisions.size + 1;
const head = await world.push(last);
revisions.set(head, last);
const problems = [...(await untilRest(world, head)), ...(await checkBuilds(world, revisions))];
const { total } = await world.database.builds.page({}, { offset: 0, limit: 1 });
say(`at rest: ${revisions.size} revisions, ${total} builds`);
const log = world.server?.log() ?? '';
await world.endServer('SIGTERM');
problems.push(...(await checkLeft(world)));
await world[Symbol.asyncDispose]();
for (const problem of problems) say(`WRONG: ${problem}`);
if (problems.length > 0) process.stdout.write(`the last server's log:\n${log.slice(-5000)}\n`);
say(problems.length === 0 ? 'all is right' : `${problems.length} things are wrong`);
process.exitCode = problems.length === 0 ? 0 : 1;
