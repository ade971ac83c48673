/**
 * The least that ssh itself takes on this side for what we do: for each host one login that carries the packed bytes of its
 * system, thrown away over there, and one that shows that the host can be reached. Packing is not part of it.
 */

import { join } from 'node:path';
import { runProcess } from '../../src/process/run-process.ts';
import { shellQuote } from '../../src/process/ssh.ts';
import type { Argv } from '../../src/process/start-process.ts';
import type { Setting } from './setting.ts';

/** Packs each system into `folder`, as we send it: Zstandard at its first level. */
export async function packSystems({ targets, folder }: Setting): Promise<void> {
  for (const { name, toplevel } of targets) {
    const all = `nix-store --export $(nix-store --query --requisites ${shellQuote(toplevel)})`;
    const into = shellQuote(packedFile(folder, name));
    await runProcess(['bash', '-ec', `set -o pipefail; ${all} | zstd -q -1 -f -o ${into}`]);
  }
}

/** What sends the packed systems, one host after the other. */
export function sshAlone({ targets, sshConfigFile, folder }: Setting): Argv {
  const lines = targets.flatMap(({ name, host }) => {
    const ssh = `ssh -F ${shellQuote(sshConfigFile)} ${shellQuote(`root@${host}`)}`;
    return [`${ssh} 'cat >/dev/null' <${shellQuote(packedFile(folder, name))}`, `${ssh} true`];
  });
  return ['sh', '-ec', lines.join('\n')];
}

function packedFile(folder: string, name: string): string {
  return join(folder, `${name}.zst`);
}
