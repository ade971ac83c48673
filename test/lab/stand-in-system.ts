/** Builds a system that can be deployed to lab hosts, into the store of whoever calls (stand-in-system.nix). */

import { join } from 'node:path';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';

interface StandInSystem {
  readonly name: string;
  /** Makes systems of the same name differ. */
  readonly note?: string;
}

/** Builds it with nix-build and returns its toplevel. */
export async function buildStandInSystem(system: StandInSystem): Promise<StorePath> {
  const file = join(import.meta.dirname, 'stand-in-system.nix');
  const note = system.note ?? '';
  const { stdout } = await runProcess([
    'nix-build',
    '--no-out-link',
    file,
    '--argstr',
    'name',
    system.name,
    '--argstr',
    'note',
    note,
  ]);
  return parseStorePath(stdout.trim());
}
