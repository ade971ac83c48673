/** From a push to a network of eight machines to the first step of its builds. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { jobsetRecord } from '../../src/ci/testing/records.ts';
import { jobsetType } from '../../src/db/records.ts';
import { loadNetwork } from '../../src/network/load-network.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { copyExampleNetwork } from '../../test/lab/copy-example-network.ts';
import { type BenchCase, benchCase } from '../bench-case.ts';
import { nixosNetwork, repeatedNetwork } from '../eval/network-text.ts';
import { makeLoopData, makeProject, startLoopServer } from './loop-server.ts';
import type { LoopArgs } from './parse-loop-args.ts';

const machines = 8;
const limitMs = 3000;

export async function* pushCase(
  { nixpkgs, rounds }: LoopArgs,
  say: (text: string) => void,
): AsyncGenerator<BenchCase> {
  const folder = await mkdtemp('/nix/var/bench-push.');
  const git = (...args: readonly string[]) =>
    runProcess(['git', '-C', folder, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args]);
  await git('init', '--quiet', '--initial-branch=main');
  const text = nixpkgs === undefined ? await exampleText(folder) : nixosNetwork(nixpkgs, machines).text;
  const inputs = [{ name: 'network', type: 'git', value: `${folder} main`, emailResponsible: false }];
  if (nixpkgs !== undefined)
    inputs.push({ name: 'nixpkgs', type: 'path', value: nixpkgs, emailResponsible: false });

  await using data = await makeLoopData();
  await using server = await startLoopServer(data);
  const { ci, database } = server;
  const jobset = await database.jobsets.create(await makeProject(database), {
    ...jobsetRecord({
      inputs,
      type: jobsetType.network,
      nixExprInput: 'network',
      nixExprPath: 'network.nix',
    }),
  });
  const afterFetch: number[] = [];
  const inAll: number[] = [];
  // The first round fills caches, as every server's are, and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    // The round makes every machine another one. Restricted evaluation reads inputs and nothing else.
    const changed = text
      .replaceAll(`"${nixpkgs}"`, '<nixpkgs>')
      .replace(/^(.*)\{$/m, `$1{\n  defaults.environment.etc."round".text = "${round}";`);
    await writeFile(join(folder, 'network.nix'), changed);
    await git('add', '--all');
    await git('commit', '--quiet', '--message', `Round ${round}`);
    const pushed = performance.now();
    const began = server.until(
      'ci.evaluation.started',
      pushed,
      (event) => 'phase' in event && event.phase === 'evaluating',
    );
    const started = server.until('step.started', pushed);
    const ended = server.until('ci.evaluation.ended', pushed);
    await ci.evaluations.trigger(jobset.id);
    const [fetchedMs, startedMs, endedMs] = await Promise.all([began, started, ended]);
    say(
      `push, round ${round}: fetched after ${Math.round(fetchedMs)} ms, first step after ${Math.round(startedMs)} ms, ` +
        `evaluated after ${Math.round(endedMs)} ms, load ${loadavg()[0]?.toFixed(1)}`,
    );
    const evaluation = await database.evaluations.latestWithBuilds(jobset.id);
    const builds = await database.evaluations.buildIds(evaluation?.id ?? 0);
    if (builds.length !== machines) throw new Error(`${builds.length} builds instead of ${machines}`);
    await ci.builds.cancel(builds);
    if (round === 0) continue;
    afterFetch.push(startedMs - fetchedMs);
    inAll.push(startedMs);
  }
  await rm(folder, { recursive: true });
  const what = nixpkgs === undefined ? 'example machines' : 'NixOS machines';
  const common = { bench: 'loop', unit: 'ms', peerName: 'the limit', peer: afterFetch.map(() => limitMs) };
  yield benchCase({
    ...common,
    case: `push, ${machines} ${what}: fetch to first step`,
    ours: afterFetch,
    atMost: 1,
  });
  yield benchCase({ ...common, case: `push, ${machines} ${what}: push to first step`, ours: inAll });
}

async function exampleText(folder: string): Promise<string> {
  await copyExampleNetwork(join(folder, 'example'));
  const { hosts } = await loadNetwork(join(folder, 'example/network.nix'));
  const names = hosts.map(({ name }) => name);
  return repeatedNetwork('./example/network.nix', names, machines).text.replace(
    'import "./example/network.nix"',
    'import ./example/network.nix',
  );
}
