/**
 * How fast steps follow one another, where each does next to nothing: our scheduler, with its records in a SQLite
 * database, against `nix-build` on derivations of the same shape, in turn. docs/performance.md says what came out.
 *
 *   npm run bench -- dispatch [--json] [--rounds N] [--case graph|chain|remote|restart …] [--builds N]
 *
 * - graph: 500 steps, this machine, two at a time;
 * - chain: 50 steps, each needing the one before;
 * - remote: 100 steps on one builder over ssh, and the logins there;
 * - restart: `--builds` builds enqueued at once, all valid but the last.
 */

import { loadavg } from 'node:os';
import { type BenchCase, benchCase } from './bench-case.ts';
import { nixBuild, ourSide } from './dispatch/contestants.ts';
import { parseDispatchArgs } from './dispatch/parse-dispatch-args.ts';
import { remoteCase } from './dispatch/remote-case.ts';
import { restartCase } from './dispatch/restart-case.ts';
import { instantiateWorkload, type Shape } from './dispatch/workloads.ts';

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const { rounds, cases, builds } = parseDispatchArgs(argv);
  if (cases.includes('graph')) yield await localCase('graph', '500 steps in a graph', 0, rounds, 1.1);
  // A third of a second each, so that more of them cost little.
  if (cases.includes('chain')) yield await localCase('chain', '50 steps in a chain', 50, 3 * rounds, 1.15);
  if (cases.includes('remote')) yield* remoteCase(rounds, say);
  if (cases.includes('restart')) yield* restartCase(builds, Math.min(rounds, 3), say);
}

/** Chains of 50 steps that each side builds before anything counts. */
const warmUpRounds = 10;

async function localCase(
  shape: Shape,
  name: string,
  n: number,
  rounds: number,
  atMost: number,
): Promise<BenchCase> {
  await using side = await ourSide();
  const ours: number[] = [];
  const peer: number[] = [];
  // A server has run for a while, so its code is compiled; `nix-build` finds its files in memory.
  for (let round = 1; round <= warmUpRounds; round += 1) {
    await side.build(await instantiateWorkload('chain', `warm-up-ours-${round}`, 50));
    await nixBuild(await instantiateWorkload('chain', `warm-up-peer-${round}`, 50), ['-j2']);
  }
  for (let round = 1; round <= rounds; round += 1) {
    const [forUs, forPeer] = [`${shape}-ours-${round}`, `${shape}-peer-${round}`];
    const runs = [
      async () => ours.push(await side.build(await instantiateWorkload(shape, forUs, n))),
      async () => peer.push(await nixBuild(await instantiateWorkload(shape, forPeer, n), ['-j2'])),
    ];
    // Who goes first has the processor caches, or the noise, of what came before.
    for (const run of round % 2 === 0 ? runs : runs.toReversed()) await run();
    say(
      `${shape}, round ${round}: ours ${Math.round(ours.at(-1) ?? 0)} ms, nix-build ${Math.round(peer.at(-1) ?? 0)} ms, ` +
        `load ${loadavg()[0]?.toFixed(1)}`,
    );
  }
  return benchCase({
    bench: 'dispatch',
    case: name,
    unit: 'ms',
    ours,
    peer,
    peerName: 'nix-build -j2',
    atMost,
  });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
