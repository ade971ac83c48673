/**
 * Bringing new systems to many hosts: our sessions and copier, all hosts at once, against what Morph does, one host after
 * the other. The hosts are those of the lab, with 20 ms of round trip to each where the kernel can delay packets.
 *
 *   npm run bench -- rollout [--json] [--rounds N] [--hosts N] [--morph PATH]
 *
 * Closures are 40 MB of this machine's own programs and libraries, 90 % of it the same on all hosts. The peer is the
 * given `morph`'s own sequence of commands (docs/performance.md), or with --morph that program. Each side is
 * a program of its own, started anew each time; what counts is its wall time and the processor time of all that it starts
 * on this side of the connection.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../src/process/run-process.ts';
import { openStore } from '../src/store/open-store.ts';
import { formatDuration } from '../src/util/format-duration.ts';
import { createLab } from '../test/lab/lab.ts';
import { type BenchCase, benchCase } from './bench-case.ts';
import { processorTime } from './eval/processor-time.ts';
import { addSystems } from './rollout/add-systems.ts';
import { delayPackets } from './rollout/delay-packets.ts';
import { parseRolloutArgs } from './rollout/parse-rollout-args.ts';
import { type Contestant, morphCommands, morphProgram, ourProgram } from './rollout/sides.ts';

const mostWall = 0.2;
const mostProcessor = 0.3;

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const args = parseRolloutArgs(argv);
  const folder = await mkdtemp('/nix/var/bench.');
  await using lab = await createLab();
  const names = Array.from({ length: args.hosts }, (_, index) => `host${String(index + 1).padStart(2, '0')}`);
  const hosts = await Promise.all(names.map((name) => lab.addHost(name)));
  const isDelayed = await delayPackets(hosts, 20);
  say(isDelayed ? '20 ms of round trip' : 'this kernel has no netem: no round trip is added');
  await using store = await openStore({ type: 'local' });
  const systems = await addSystems(store, names, join(folder, 'tree'));
  const targets = hosts.map((host, index) => ({
    name: host.name,
    host: host.address,
    toplevel: systems[index] ?? '',
  }));
  const setting = { targets, sshConfigFile: lab.sshConfigFile(), folder };
  const sides: Readonly<Record<'ours' | 'peer', Contestant>> = {
    ours: ourProgram(setting),
    peer: args.morph === undefined ? morphCommands(setting) : await morphProgram(setting, args.morph),
  };
  const wall = { ours: [] as number[], peer: [] as number[] };
  const processor = { ours: [] as number[], peer: [] as number[] };
  try {
    for (let round = 0; round <= args.rounds; round += 1) {
      for (const side of ['ours', 'peer'] as const) {
        await Promise.all(
          hosts.map((host) =>
            host.exec(
              'rm -rf /nix/var/nix/profiles/system* /run/current-system; nix-store --gc >/dev/null 2>&1',
            ),
          ),
        );
        const before = await processorTime();
        const started = performance.now();
        await runProcess(sides[side].argv, { env: { ...process.env, ...sides[side].env } });
        const wallMs = performance.now() - started;
        const processorMs = (await processorTime()) - before;
        for (const [index, host] of hosts.entries()) {
          const { stdout } = await host.exec(['readlink', '-f', '/run/current-system']);
          if (stdout.trim() !== systems[index])
            throw new Error(`${side}: ${host.name} runs ${stdout.trim()}`);
        }
        say(
          `${round === 0 ? 'warm-up' : `round ${round}`}, ${side}: ${formatDuration(wallMs)}, ` +
            `${formatDuration(processorMs)} of processor time, load ${loadavg()[0]?.toFixed(1)}`,
        );
        if (round === 0) continue;
        wall[side].push(wallMs);
        processor[side].push(processorMs);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const what = `${args.hosts} hosts, 40 MB each${isDelayed ? ', 20 ms' : ', no delay'}`;
  const peerName = args.morph === undefined ? "Morph's commands" : 'morph';
  yield benchCase({
    bench: 'rollout',
    case: `${what}: wall`,
    unit: 'ms',
    ...wall,
    peerName,
    atMost: mostWall,
  });
  yield benchCase({
    bench: 'rollout',
    case: `${what}: processor`,
    unit: 'ms',
    ...processor,
    peerName,
    atMost: mostProcessor,
  });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
