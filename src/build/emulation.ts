/**
 * The systems whose programs this machine can run under emulation: the entries of the kernel's binfmt_misc. Each entry
 * is a file:
 *
 *     enabled
 *     interpreter /usr/bin/qemu-aarch64-static
 *     flags: POCF
 *     offset 0
 *     magic 7f454c460201010000000000000000000200b700
 *     mask ffffffffffffff00fffffffffffffffffeffffff
 *
 * An ELF header tells its machine in the bytes 18 and 19, and its word size and byte order in 4 and 5. With flag F the
 * kernel holds the interpreter open from when it was registered, so that it works in Nix's sandbox, where the file is
 * not to be seen. Source: Linux, Documentation/admin-guide/binfmt-misc.rst and include/uapi/linux/elf-em.h.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Emulation {
  /** Nix's name, e.g. `aarch64-linux`. */
  readonly system: string;
  /** Name of the entry, e.g. `qemu-aarch64`. */
  readonly entry: string;
  readonly interpreter: string;
  readonly flags: string;
  /** Works in the sandbox as it is. */
  readonly fixBinary: boolean;
}

/** By machine number, bits and byte order. */
const systemsByElf: Readonly<Record<string, readonly string[]>> = {
  '3 32 little': ['i686-linux'],
  '62 64 little': ['x86_64-linux'],
  '40 32 little': ['armv7l-linux', 'armv6l-linux', 'armv5tel-linux'],
  '183 64 little': ['aarch64-linux'],
  '243 32 little': ['riscv32-linux'],
  '243 64 little': ['riscv64-linux'],
  '20 32 big': ['powerpc-linux'],
  '21 64 big': ['powerpc64-linux'],
  '21 64 little': ['powerpc64le-linux'],
  '22 64 big': ['s390x-linux'],
  '8 32 big': ['mips-linux'],
  '8 32 little': ['mipsel-linux'],
  '8 64 little': ['mips64el-linux'],
  '258 64 little': ['loongarch64-linux'],
};

/** The enabled ones; none when binfmt_misc is not mounted or switched off. */
export async function readEmulations(directory = '/proc/sys/fs/binfmt_misc'): Promise<readonly Emulation[]> {
  const names = await readdir(directory).catch((): string[] => []);
  if (!names.includes('status') || !isEnabled(await readFile(join(directory, 'status'), 'utf8'))) return [];
  const entries = names.filter((name) => name !== 'status' && name !== 'register').sort();
  const found = await Promise.all(
    entries.map(async (entry) => {
      // An entry can be removed between the listing and the reading.
      const text = await readFile(join(directory, entry), 'utf8').catch(() => '');
      return parseBinfmtEntry(entry, text);
    }),
  );
  return found.flat();
}

/** One for each system of the entry; none when it is disabled or not about programs of a known system. */
export function parseBinfmtEntry(entry: string, text: string): readonly Emulation[] {
  if (!isEnabled(text)) return [];
  const field = (name: string): string => new RegExp(`^${name}:?[ \\t]+(.*)$`, 'm').exec(text)?.[1] ?? '';
  const flags = field('flags');
  const interpreter = field('interpreter');
  if (field('offset') !== '0') return [];
  return elfSystems(Buffer.from(field('magic'), 'hex')).map((system) => ({
    system,
    entry,
    interpreter,
    flags,
    fixBinary: flags.includes('F'),
  }));
}

function isEnabled(text: string): boolean {
  return /^enabled$/m.test(text);
}

function elfSystems(magic: Buffer): readonly string[] {
  if (magic.length < 20 || magic.toString('latin1', 0, 4) !== '\u007fELF') return [];
  const bits = magic[4] === 2 ? 64 : 32;
  const order = magic[5] === 2 ? 'big' : 'little';
  const machine = order === 'big' ? magic.readUInt16BE(18) : magic.readUInt16LE(18);
  return systemsByElf[`${machine} ${bits} ${order}`] ?? [];
}
