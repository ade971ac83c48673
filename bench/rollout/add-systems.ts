/**
 * Systems for the hosts of the benchmark: each 40 MB in some 120 paths, of which nine tenths are those of all others
 * too. Content is what systems are made of, programs and libraries, taken from this machine.
 */

import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorePath } from '../../src/nix/store-path.ts';
import { dumpPath } from '../../src/store/dump-path.ts';
import type { Store } from '../../src/store/store.ts';

const commonBytes = 36_000_000;
const ownBytes = 4_000_000;
/** Sizes of paths, over and over: many small ones, few large ones, as in a NixOS system. */
const sizes = [
  2_000, 4_000, 1_000, 8_000, 30_000, 2_000, 150_000, 3_000, 1_200_000, 6_000, 400_000, 3_500_000,
];
const folders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/bin', '/usr/lib'];
const activation = join(
  import.meta.dirname,
  '../../examples/network/nixpkgs/nixos/modules/switch-to-configuration.sh',
);

/** The toplevels, one for each name. `folder` is made, and removed again. */
export async function addSystems(
  store: Store,
  names: readonly string[],
  folder: string,
): Promise<readonly StorePath[]> {
  const material = await readMaterial(commonBytes + ownBytes);
  const common = await addParts(store, 'common', material.subarray(0, commonBytes));
  const systems: StorePath[] = [];
  for (const name of names) {
    const own = await addParts(store, name, material.subarray(commonBytes));
    const references = [...common, ...own];
    await mkdir(join(folder, 'bin'), { recursive: true });
    await copyFile(activation, join(folder, 'bin/switch-to-configuration'));
    await chmod(join(folder, 'bin/switch-to-configuration'), 0o555);
    await mkdir(join(folder, 'etc/systemd/system'), { recursive: true });
    await mkdir(join(folder, 'sw/bin'), { recursive: true });
    for (const tool of ['systemctl', 'systemd-run']) {
      await symlink(`/usr/bin/${tool}`, join(folder, 'sw/bin', tool));
    }
    await writeFile(join(folder, 'parts'), references.join('\n'));
    const content = Buffer.concat([...dumpPath(folder)]);
    systems.push(
      await store.addToStore({ name: `nixos-system-${name}-bench`, method: 'nar', content, references }),
    );
    await rm(folder, { recursive: true });
  }
  return systems;
}

/** One path for each slice; whoever has another name has other content. */
async function addParts(store: Store, name: string, material: Buffer): Promise<readonly StorePath[]> {
  const paths: StorePath[] = [];
  for (let start = 0, index = 0; start < material.length; index += 1) {
    const size = sizes[index % sizes.length] ?? material.length;
    const content = Buffer.concat([
      Buffer.from(`${name} ${index}\n`),
      material.subarray(start, start + size),
    ]);
    paths.push(await store.addToStore({ name: `${name}-${index}`, method: 'flat', content, references: [] }));
    start += size;
  }
  return paths;
}

async function readMaterial(bytes: number): Promise<Buffer> {
  const files: Buffer[] = [];
  let total = 0;
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
      const file = join(folder, name);
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile() || found.size > 8_000_000) continue;
      files.push(await readFile(file));
      total += found.size;
      if (total >= bytes) return Buffer.concat(files).subarray(0, bytes);
    }
  }
  throw new Error(`wanted ${bytes} bytes of programs and libraries, found ${total} in ${folders.join(', ')}`);
}
