/**
 * The long fault test of caches: processes that fill and empty a cache are killed at steps and moments that a seed gives,
 * and after each of them the cache must be whole.
 *
 *   npm run test:cache-faults -- [--minutes N] [--seed N] [--files file|s3] [--database sqlite|postgres]
 */

import { parseArgs } from 'node:util';
import { createRandom } from '../../chaos/random.ts';
import { PostgresCluster } from '../../db/postgres-cluster.ts';
import { createFaultWorld, type Kill } from './fault-world.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    files: { type: 'string', default: 'file' },
    database: { type: 'string', default: 'sqlite' },
  },
});
const until = Date.now() + Number(values.minutes) * 60_000;
const random = createRandom(Number(values.seed));
const files = values.files === 's3' ? 's3' : 'file';
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const stack = new AsyncDisposableStack();
let url: string | undefined;
if (values.database === 'postgres') {
  const cluster = stack.use(await PostgresCluster.create());
  await cluster.query('create database faults');
  url = cluster.url('faults');
}
const world = stack.use(await createFaultWorld(files, url));
say(`seed ${values.seed}, ${values.minutes} minutes, files in ${files}, ${values.database}`);
await world.run(0);
const whole = await world.run(1);
const longest = whole.steps.length;
const counts = { rounds: 0, killed: 0, orphans: 0, wrong: 0 };
for (let round = 2; Date.now() < until; round++) {
  const kill: Kill =
    random.next() < 0.7 ? { step: random.between(1, longest) } : { afterMs: random.between(0, 600) };
  const { steps, isDone } = await world.run(round, kill);
  const { problems, orphans } = await world.check();
  counts.rounds += 1;
  counts.killed += isDone ? 0 : 1;
  counts.orphans += orphans;
  counts.wrong += problems.length;
  for (const problem of problems) say(`WRONG in round ${round}, after ${steps.at(-1)}: ${problem}`);
}
const last = await world.run(1_000_000);
const { problems } = await world.check();
for (const problem of problems) say(`WRONG at the end: ${problem}`);
const { rounds, killed, orphans, wrong } = counts;
const isRight = last.isDone && wrong + problems.length === 0;
say(
  `${rounds} rounds, ${killed} killed, ${orphans} files that nobody knew removed: ${isRight ? 'all is right' : 'WRONG'}`,
);
await stack.disposeAsync();
// The threads of the site that was asked stay for the next one.
process.exit(isRight ? 0 : 1);
