/** Processes of this world by what they are, and killing one of them as a crash would: with no chance to say good-bye. */

import { readdir, readFile } from 'node:fs/promises';

interface RunningProgram {
  readonly pid: number;
  readonly command: string;
}

/** Every process but this one, with its command line. */
export async function programs(): Promise<readonly RunningProgram[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
      return { pid: Number(pid), command: line.replaceAll('\0', ' ').trim() };
    }),
  );
  return found.filter(({ command }) => command !== '');
}

/** What of it was killed; undefined when nothing of that kind runs now. */
export async function killOne(pattern: RegExp, random: () => number): Promise<string | undefined> {
  const matching = (await programs()).filter(({ command }) => pattern.test(command));
  const victim = matching[Math.floor(random() * matching.length)];
  if (victim === undefined) return undefined;
  try {
    process.kill(victim.pid, 'SIGKILL');
  } catch {
    return undefined;
  }
  return victim.command.slice(0, 60);
}
