/** A long way to the hosts of the lab. */

import { runProcess } from '../../src/process/run-process.ts';
import type { LabHost } from '../../test/lab/lab-host.ts';

/**
 * Every packet to a host takes half of `roundTripMs` longer, and every one from it. False where the kernel has no netem, and
 * then nothing was changed.
 */
export async function delayPackets(hosts: readonly LabHost[], roundTripMs: number): Promise<boolean> {
  // The queue must hold what is under way at full speed.
  const netem = ['netem', 'delay', `${roundTripMs / 2}ms`, 'limit', '100000'];
  for (const host of hosts) {
    const { stdout } = await runProcess([
      'ip',
      '-oneline',
      'address',
      'show',
      'to',
      `${host.controlAddress}/32`,
    ]);
    const device = stdout.split(/\s+/)[1] ?? '';
    const { code } = await runProcess(['tc', 'qdisc', 'add', 'dev', device, 'root', ...netem], {
      okCodes: [0, 1, 2],
    });
    if (code !== 0) return false;
    await host.exec(['tc', 'qdisc', 'add', 'dev', 'eth0', 'root', ...netem]);
  }
  return true;
}
