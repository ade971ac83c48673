/**
 * Running aarch64 programs on this machine, as `boot.binfmt.emulatedSystems` does on NixOS: the kernel is told to
 * start qemu-aarch64 for them. With flag F it opens the interpreter at registration, so that sandboxes and hosts need
 * no copy of it; P and C keep the program's own name and credentials.
 *
 * The registration is the whole kernel's, not the lab's: it is taken back at the end if it was ours. One that a
 * killed run left behind is called `proteus-aarch64` and is used again; `echo -1 >
 * /proc/sys/fs/binfmt_misc/proteus-aarch64` removes it by hand.
 */

import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../../src/process/run-process.ts';

const binfmt = '/proc/sys/fs/binfmt_misc';
const entry = 'proteus-aarch64';
const interpreters = ['/usr/bin/qemu-aarch64-static', '/usr/bin/qemu-aarch64'];

/** The first 20 bytes of an aarch64 ELF executable: class 64, little-endian, type EXEC or DYN, machine 0xb7. */
const elf = {
  magic: '7f454c460201010000000000000000000200b700',
  mask: 'ffffffffffffff00fffffffffffffffffeffffff',
};

export interface Emulation extends AsyncDisposable {
  /** `native` on an aarch64 machine; `found` when the machine already had it; `ours` when we registered it. */
  readonly how: 'native' | 'found' | 'ours';
}

/**
 * Makes aarch64 programs run. Throws when this machine has no qemu-aarch64 or its kernel no binfmt_misc. Disposing
 * takes back what was ours.
 */
export async function emulateAarch64(): Promise<Emulation> {
  if (process.arch === 'arm64') return emulation('native', async () => {});
  if (!existsSync(`${binfmt}/register`)) {
    await runProcess(['mount', '-t', 'binfmt_misc', 'binfmt_misc', binfmt]);
  }
  if (await isHandled()) return emulation('found', async () => {});
  const interpreter = interpreters.find((path) => existsSync(path));
  if (interpreter === undefined) {
    throw new Error(`emulation: none of ${interpreters.join(', ')} is installed; run scripts/ensure qemu`);
  }
  await writeFile(
    `${binfmt}/register`,
    `:${entry}:M::${escaped(elf.magic)}:${escaped(elf.mask)}:${interpreter}:FPC`,
  );
  return emulation('ours', async () => {
    if (existsSync(`${binfmt}/${entry}`)) await writeFile(`${binfmt}/${entry}`, '-1');
  });
}

/**
 * The folder that holds an aarch64 `busybox` and nothing else, as `scripts/ensure arm64-busybox` makes it. Nix
 * expressions take the folder, not the program: busybox goes by its name, which the store would change.
 */
export function aarch64BusyboxDir(): string {
  const cache =
    process.env.PROTEUS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'proteus');
  return join(cache, 'busybox-arm64');
}

/** True when an enabled entry takes aarch64 programs and needs no interpreter inside a sandbox. */
async function isHandled(): Promise<boolean> {
  for (const name of await readdir(binfmt)) {
    if (name === 'register' || name === 'status') continue;
    const text = await readFile(`${binfmt}/${name}`, 'utf8');
    const flags = /^flags: (.*)$/m.exec(text)?.[1] ?? '';
    if (text.startsWith('enabled') && text.includes(elf.magic) && flags.includes('F')) return true;
  }
  return false;
}

function emulation(how: Emulation['how'], undo: () => Promise<void>): Emulation {
  return { how, [Symbol.asyncDispose]: undo };
}

/** Hexadecimal as the register file wants it. */
function escaped(hex: string): string {
  return hex.replaceAll(/../g, (byte) => `\\x${byte}`);
}
