/**
 * Bringing new systems to many hosts: our sessions and copier, all hosts at once, against what Morph does, one host after
 * the other. The hosts are those of the lab, with 20 ms of round trip to each where the kernel can delay packets.
 *
 *   npm run bench -- rollout [--json] [--rounds N] [--hosts N] [--case plain|usual …] [--morph PATH]
 *
 * Closures are 40 MB of this machine's own programs and libraries, 90 % of it the same on all hosts. The peer is the
 * sequence of commands that Morph runs (docs/performance.md), or with --morph that program. Our side is the engine
 * as a server has it, already running. What counts is the wall time, and the processor time of all processes on this side
 * of the connections. Of that, what ssh alone takes for the same bytes and logins is shown beside it.
 *
 * - plain: the system is copied and activated;
 * - usual: each host also has a secret to upload and a health check.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../src/process/run-process.ts';
import { openStore } from '../src/store/open-store.ts';
import { formatDuration } from '../src/util/format-duration.ts';
import { createLab } from '../test/lab/lab.ts';
import type { LabHost } from '../test/lab/lab-host.ts';
import { type BenchCase, benchCase } from './bench-case.ts';
import { processorTime } from './eval/processor-time.ts';
import { addSystems } from './rollout/add-systems.ts';
import { delayPackets } from './rollout/delay-packets.ts';
import { lengthenWay } from './rollout/lengthen-way.ts';
import { morphCommands, morphProgram } from './rollout/morph-side.ts';
import { ourSide } from './rollout/our-side.ts';
import { parseRolloutArgs, type RolloutArgs } from './rollout/parse-rollout-args.ts';
import type { Setting } from './rollout/setting.ts';
import { packSystems, sshAlone } from './rollout/ssh-alone.ts';

const roundTripMs = 20;
const mostWall = 0.2;
const mostProcessor = 0.3;

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const args = parseRolloutArgs(argv);
  const folder = await mkdtemp('/nix/var/bench.');
  await using lab = await createLab();
  const names = Array.from({ length: args.hosts }, (_, index) => `host${String(index + 1).padStart(2, '0')}`);
  // Morph waits for mounts with systemd-run.
  const init = args.morph === undefined ? 'bash' : 'systemd';
  const hosts = await Promise.all(names.map((name) => lab.addHost(name, { init })));
  const isDelayed = await delayPackets(hosts, roundTripMs);
  await using longWay = isDelayed
    ? undefined
    : await lengthenWay(hosts, roundTripMs, { sshConfigFile: lab.sshConfigFile(), folder });
  say(`${roundTripMs} ms of round trip, ${isDelayed ? 'by netem' : 'by a relay: this kernel has no netem'}`);
  await using store = await openStore({ type: 'local' });
  const systems = await addSystems(store, names, join(folder, 'tree'));
  const secretFile = join(folder, 'secret');
  await writeFile(secretFile, 'secret');
  try {
    for (const name of args.cases) {
      const setting: Setting = {
        targets: hosts.map(({ name, address }, index) => ({
          name,
          host: address,
          toplevel: systems[index] ?? '',
        })),
        sshConfigFile: longWay?.sshConfigFile ?? lab.sshConfigFile(),
        folder,
        usual: name === 'usual' ? { secretFile, secretDestination: '/var/keys/secret' } : undefined,
      };
      const what = `${name}, ${args.hosts} hosts, ${roundTripMs} ms`;
      yield* measure(what, hosts, setting, args);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* measure(
  what: string,
  hosts: readonly LabHost[],
  setting: Setting,
  args: RolloutArgs,
): AsyncGenerator<BenchCase> {
  const morph = args.morph === undefined ? morphCommands(setting) : await morphProgram(setting, args.morph);
  await packSystems(setting);
  const wall = { ours: [] as number[], peer: [] as number[] };
  const processor = { ours: [] as number[], peer: [] as number[], limit: [] as number[] };
  for (let round = 0; round <= args.rounds; round += 1) {
    const sides = {
      ours: () => ourSide(setting, `bench-${round}`),
      peer: () => runProcess(morph.argv, { env: { ...process.env, ...morph.env } }),
    };
    const beforeLimit = await processorTime();
    await runProcess(sshAlone(setting));
    const limitMs = (await processorTime()) - beforeLimit;
    say(`${what}, ssh alone: ${formatDuration(limitMs)} of processor time`);
    if (round > 0) processor.limit.push(limitMs);
    for (const side of ['ours', 'peer'] as const) {
      await empty(hosts);
      const before = await processorTime();
      const started = performance.now();
      await sides[side]();
      const wallMs = performance.now() - started;
      const processorMs = (await processorTime()) - before;
      for (const [index, host] of hosts.entries()) {
        const { stdout } = await host.exec(['readlink', '-f', '/run/current-system']);
        const wanted = setting.targets[index]?.toplevel;
        if (stdout.trim() !== wanted) throw new Error(`${side}: ${host.name} runs ${stdout.trim()}`);
      }
      say(
        `${what}, ${round === 0 ? 'warm-up' : `round ${round}`}, ${side}: ${formatDuration(wallMs)}, ` +
          `${formatDuration(processorMs)} of processor time, load ${loadavg()[0]?.toFixed(1)}`,
      );
      if (round === 0) continue;
      wall[side].push(wallMs);
      processor[side].push(processorMs);
    }
  }
  const common = {
    bench: 'rollout',
    unit: 'ms',
    peerName: args.morph === undefined ? "Morph's commands" : 'morph',
  };
  yield benchCase({ ...common, case: `${what}: wall`, ...wall, atMost: mostWall });
  yield benchCase({ ...common, case: `${what}: processor`, ...processor, atMost: mostProcessor });
  const limit = { ours: processor.ours, peer: processor.limit, peerName: 'ssh alone' };
  yield benchCase({ ...common, case: `${what}: processor`, ...limit });
}

/** As if nothing had ever been deployed there. Hosts with systemd have a system from the first. */
async function empty(hosts: readonly LabHost[]): Promise<void> {
  const forget = `
    rm -rf /nix/var/nix/profiles/system* /run/current-system /var/keys /var/lib/proteus
    [ ! -d /var/lib/lab-system ] || ln -s /var/lib/lab-system /run/current-system
    nix-store --gc >/dev/null 2>&1`;
  await Promise.all(hosts.map((host) => host.exec(forget)));
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
