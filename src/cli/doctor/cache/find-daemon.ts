/**
 * The nix-daemon that answers here, as a process: when it began, and, for who may see it, in what environment. A daemon
 * reads its settings when it begins, so both say which ones it has. It starts a process for each connection; the oldest
 * is the one that listens.
 */

import { readdir, readFile } from 'node:fs/promises';

export interface DaemonProcess {
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Undefined when it belongs to somebody else. */
  readonly env: Readonly<Record<string, string>> | undefined;
}

/** Of the kernel's times in /proc; the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Undefined when none runs that can be seen from here. */
export async function findDaemon(proc = '/proc'): Promise<DaemonProcess | undefined> {
  const boot = Number(/^btime (\d+)$/m.exec(await read(`${proc}/stat`))?.[1]);
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  let oldest: { readonly pid: number; readonly ticks: number } | undefined;
  for (const pid of pids) {
    const stat = await read(`${proc}/${pid}/stat`);
    // The name stands in parentheses and may hold anything; twenty fields on is the time of the start.
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    if (name !== 'nix-daemon') continue;
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    if (oldest === undefined || ticks < oldest.ticks) oldest = { pid: Number(pid), ticks };
  }
  if (oldest === undefined) return undefined;
  return {
    pid: oldest.pid,
    startedAt: (boot + oldest.ticks / ticksPerSecond) * 1000,
    env: await readEnvironment(`${proc}/${oldest.pid}/environ`),
  };
}

async function readEnvironment(file: string): Promise<Readonly<Record<string, string>> | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const pairs = text.split('\0').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const),
  );
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
