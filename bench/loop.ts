/**
 * How soon the loop acts: from a push to the first build, and after a restart with very many builds in the queue. The
 * limits are 3 and 5 seconds. docs/performance.md says what came out.
 *
 *   npm run bench -- loop [--json] [--rounds N] [--case push|restart …] [--nixpkgs DIR] [--builds N]
 *
 * - push: a network jobset of eight machines, from the end of the fetch to the first step that starts. `DIR` is any NixOS
 *   release; without it the machines are those of the example network.
 * - restart: `--builds` unfinished builds in the database, of which only the last has anything to be built.
 */

import type { BenchCase } from './bench-case.ts';
import { parseLoopArgs } from './loop/parse-loop-args.ts';
import { pushCase } from './loop/push-case.ts';
import { restartCase } from './loop/restart-case.ts';

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const args = parseLoopArgs(argv);
  if (args.cases.includes('push')) yield* pushCase(args, say);
  if (args.cases.includes('restart')) yield* restartCase(args, say);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
