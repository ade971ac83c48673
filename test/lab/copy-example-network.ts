/** A copy of examples/network that is complete: with the aarch64 busybox that git does not keep. */

import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { aarch64BusyboxDir } from './emulation.ts';

/**
 * Copies the network into a folder, which is made, and returns the path of its network file. The copy ignores no
 * file, so that all of it can be committed to a repository of its own.
 */
export async function copyExampleNetwork(folder: string): Promise<string> {
  const example = join(import.meta.dirname, '../../examples/network');
  await cp(example, folder, { recursive: true });
  await rm(join(folder, '.gitignore'));
  await cp(aarch64BusyboxDir(), join(folder, 'nixpkgs/busybox-aarch64-linux'), { recursive: true });
  return join(folder, 'network.nix');
}
