/**
 * Names of files that are being written. They tell who writes: `<world>.<process>.<start>.<number>`, where the world is the
 * boot of the machine with its process namespace (only in the same one a process number means anything), and the start is
 * the kernel's time of when that process was started, since numbers are used again.
 */

import { hash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';

export interface Writer {
  readonly world: string;
  readonly pid: number;
  readonly start: string;
}

/** Names for what this process writes, each another. */
export async function writerName(): Promise<() => string> {
  const world = await thisWorld();
  const start = (await startOf(process.pid)) ?? '0';
  return () => `${world}.${process.pid}.${start}.${++lastNumber}`;
}

/** For the whole process: several may have the same folder open. */
let lastNumber = 0;

export function parseWriterName(name: string): Writer | undefined {
  const [, world, pid, start] = /^([0-9a-f]{16})\.(\d+)\.(\d+)\.\d+$/.exec(name) ?? [];
  if (world === undefined || pid === undefined || start === undefined) return undefined;
  return { world, pid: Number(pid), start };
}

export async function thisWorld(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  const namespace = await readlink('/proc/self/ns/pid');
  return hash('sha256', `${boot} ${namespace}`).slice(0, 16);
}

/** When the process was started, in ticks since boot; undefined when there is no such process. */
export async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything; the 22nd field is the 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
