/**
 * A restart with very many builds in the queue, all of them valid already but one, which comes last: how long it is
 * until its step starts, and until all are settled. The limit is five seconds for the first.
 */

import { writeFile } from 'node:fs/promises';
import type { StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { type BenchCase, benchCase } from '../bench-case.ts';
import { ourSide } from './contestants.ts';
import { instantiateWorkload } from './workloads.ts';

const limitMs = 5000;

export async function* restartCase(
  builds: number,
  rounds: number,
  say: (text: string) => void,
): AsyncGenerator<BenchCase> {
  say(`restart: making ${builds} derivations and their outputs`);
  const valid = await instantiateWorkload('independent', 'restart', builds - 1);
  await makeValid(valid);
  const first: number[] = [];
  const all: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const [fresh] = await instantiateWorkload('independent', `restart-${round}`, 1);
    if (fresh === undefined) throw new Error('no derivation was made');
    let startedMs = 0;
    let beganAt = 0;
    await using ours = await ourSide(undefined, {
      emit: (event) => {
        if (event.type === 'step.started') startedMs = performance.now() - beganAt;
      },
    });
    beganAt = performance.now();
    all.push(await ours.build([...valid, fresh]));
    first.push(startedMs);
    say(
      `restart, round ${round}: first step after ${Math.round(startedMs)} ms, all after ${Math.round(all.at(-1) ?? 0)} ms`,
    );
  }
  const common = { bench: 'dispatch', unit: 'ms', peerName: 'the limit' };
  const peer = first.map(() => limitMs);
  yield benchCase({
    ...common,
    case: `restart with ${builds} builds: first step`,
    ours: first,
    peer,
    atMost: 1,
  });
  yield benchCase({ ...common, case: `restart with ${builds} builds: all settled`, ours: all, peer });
}

/** Puts an output into the store for each derivation, as if it had been built. */
async function makeValid(drvPaths: readonly StorePath[]): Promise<void> {
  const outputs = (
    await runProcess(['xargs', 'nix-store', '--query', '--outputs'], { input: drvPaths.join('\n') })
  ).stdout
    .trim()
    .split('\n');
  for (const output of outputs) await writeFile(output, '');
  // Path, hash and size of the NAR, deriver, number of references.
  const narOfNothing = '0'.repeat(64);
  const rows = outputs.map((output, index) => `${output}\n${narOfNothing}\n120\n${drvPaths[index]}\n0\n`);
  await runProcess(['nix-store', '--load-db'], { input: rows.join('') });
}
