/** The processes of this world, as the kernel lists them. */

import { readdir, readFile } from 'node:fs/promises';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

export async function listProcesses(): Promise<readonly ProcessEntry[]> {
  const found: ProcessEntry[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [command, status] = await Promise.all([
      readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${name}/status`, 'utf8').catch(() => ''),
    ]);
    const parent = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
    // Without a command line: threads of the kernel, and what has ended and is not yet buried.
    if (command !== '')
      found.push({ pid: Number(name), parent, command: command.replaceAll('\0', ' ').trim() });
  }
  return found;
}

/** A process and all below it. */
export function familyOf(pid: number, all: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const children = Map.groupBy(all, ({ parent }) => parent);
  const family = all.filter((entry) => entry.pid === pid);
  for (const entry of family) family.push(...(children.get(entry.pid) ?? []));
  return family;
}
