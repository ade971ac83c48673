/**
 * Milliseconds of processor time that this process and all its children so far have used, in user and kernel mode. Of a
 * child it is known once the child is gone. Linux counts in hundredths of a second.
 */

import { readFile } from 'node:fs/promises';

export async function processorTime(): Promise<number> {
  return processorTimeOf(await readFile('/proc/self/stat', 'utf8'));
}

/** From a line of /proc/PID/stat. The name of the program, in brackets, may hold anything. */
export function processorTimeOf(stat: string): number {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime, stime, cutime and cstime are fields 14 to 17; the first after the name is field 3.
  const ticks = afterName.slice(11, 15).map(Number);
  return ticks.reduce((sum, count) => sum + count, 0) * 10;
}

/** The same of everything on this machine, and what the host of a virtual one took away. */
export async function machineTime(): Promise<number> {
  return machineTimeOf(await readFile('/proc/stat', 'utf8'));
}

/** From /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal; what comes after is counted in user. */
export function machineTimeOf(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (stat.split('\n', 1)[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * 10;
}
