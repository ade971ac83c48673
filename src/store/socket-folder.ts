/**
 * Folders for the sockets of ssh masters, and the removal of those whose Proteus was killed. The name of a folder says
 * whose it is: the number of the process, and of the PID namespace that the number is of. Containers and the like can
 * share a folder for temporary files; a process of another namespace may well live though its number says nothing here.
 */

import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';

const prefix = 'proteus-ssh';

/** A new one within `parent`. */
export async function makeSocketFolder(parent: string): Promise<string> {
  return mkdtemp(join(parent, `${prefix}.${await pidNamespace()}.${process.pid}.`));
}

/** Removes those within `parent` that belonged to a process of our namespace that is gone. */
export async function removeDeadSocketFolders(parent: string): Promise<void> {
  const own = `${prefix}.${await pidNamespace()}.`;
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(own))) {
    const pid = Number(name.slice(own.length).split('.')[0]);
    if (Number.isInteger(pid) && !isAlive(pid)) {
      await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
    }
  }
}

/** Its number, which no other that lives has. */
async function pidNamespace(): Promise<string> {
  const link = await readlink('/proc/self/ns/pid').catch(() => '');
  return /\d+/.exec(link)?.[0] ?? 'unknown';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
