/** What chaos does, one thing at a time. Each mends what it broke before it is over. */

import { setTimeout as delay } from 'node:timers/promises';
import { runProcess } from '../../src/process/run-process.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { familyOf, listProcesses } from './processes.ts';
import type { Random } from './random.ts';

export interface ChaosAction {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  /** Says what it met, `''` where that is not worth telling. */
  run(): Promise<string>;
}

export function chaosActions(world: ChaosWorld, random: Random): readonly ChaosAction[] {
  const { hosts, cluster } = world;
  /** Kills one process of the server, of those whose command line matches. */
  const killOne = async (pattern: RegExp): Promise<string> => {
    const pid = world.server?.process.pid;
    const family = pid === undefined ? [] : familyOf(pid, await listProcesses());
    const matching = family.filter((entry) => entry.pid !== pid && pattern.test(entry.command));
    if (matching.length === 0) return 'there was none';
    const victim = random.pick(matching);
    try {
      process.kill(victim.pid, 'SIGKILL');
    } catch {
      return 'it was gone';
    }
    return victim.command.slice(0, 60);
  };

  const always: readonly ChaosAction[] = [
    {
      name: 'kill -9 the server',
      weight: 5,
      async run() {
        await world.endServer('SIGKILL');
        await delay(random.between(0, 1000));
        await world.startServer();
        return '';
      },
    },
    {
      name: 'restart the server',
      weight: 1,
      async run() {
        await world.endServer('SIGTERM');
        await world.startServer();
        return '';
      },
    },
    { name: 'kill an evaluation worker', weight: 3, run: () => killOne(/\bnix\b.* repl\b/) },
    { name: 'kill a local daemon', weight: 3, run: () => killOne(/nix-daemon/) },
    { name: 'kill an ssh client', weight: 2, run: () => killOne(/^ssh /) },
    {
      name: 'kill the daemons of a builder',
      weight: 2,
      async run() {
        const host = random.pick(hosts);
        await host.exec('pkill -KILL nix-daemon || true');
        return host.name;
      },
    },
    {
      name: "kill a builder's sshd",
      weight: 2,
      async run() {
        const host = random.pick(hosts);
        await host.killSshd();
        await delay(random.between(0, 2000));
        await host.startSshd();
        return host.name;
      },
    },
    {
      name: 'cut the network of a builder',
      weight: 1,
      async run() {
        const host = random.pick(hosts);
        await host.cutNetwork();
        await delay(random.between(500, 3000));
        await host.restoreNetwork();
        return host.name;
      },
    },
    {
      name: 'collect garbage',
      weight: 1,
      async run() {
        await runProcess(['nix-store', '--gc']);
        return '';
      },
    },
  ];
  if (cluster === undefined) return always;
  return [
    ...always,
    {
      name: 'stop PostgreSQL for a while',
      weight: 3,
      async run() {
        await cluster.stop();
        await delay(random.between(100, 4000));
        await cluster.start();
        return '';
      },
    },
  ];
}
