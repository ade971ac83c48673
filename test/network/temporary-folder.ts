/** A folder with the given files, gone when it is disposed. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** The absolute path of a file in it. */
  file(name: string): string;
}

export async function temporaryFolder(files: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  if (process.env.PROTEUS_LAB !== '1') throw new Error('to be run by scripts/in-lab: it writes to /nix');
  const folder = await mkdtemp(path.join(tmpdir(), 'proteus-network-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return {
    path: folder,
    file: (name) => path.join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

const fixtures = path.join(import.meta.dirname, '../fixtures/network');

/** The fleet of the fixtures. */
export const fleet = path.join(fixtures, 'fleet.nix');

/** A network file with these hosts, on the stand-in for NixOS. `network` adds to the set of that name. */
export function networkText(hosts: string, network = '{ }'): string {
  return `{
  network = import ${fixtures}/base.nix // ${network};
  defaults.nixpkgs.system = builtins.currentSystem;
  ${hosts}
}
`;
}

/** Like `networkText`, on a stand-in for a certain release; with no system given to hosts. */
export function releaseText(release: string, hosts: string, network = '{ }'): string {
  return `{
  network = import ${fixtures}/base.nix // { evalConfig = import ${fixtures}/release.nix ${release}; } // ${network};
  ${hosts}
}
`;
}

/** The stand-in for nixpkgs, as a Nix expression. */
export function packages(system: string): string {
  return `(import ${fixtures}/packages.nix { system = "${system}"; })`;
}
