/** Network files for tests of whole commands, made with the module system of test/fixtures/network. */

import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';

const fixtures = path.join(import.meta.dirname, '../fixtures/network');

/** A folder that goes with the world of the test (scripts/in-lab). */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp('/nix/var/test.');
  await mkdir(folder, { recursive: true });
  return folder;
}

/**
 * Writes `network.nix` with one module per host (Nix source) and says its path. `ordering`: tags in the order of
 * deployment; `selfContained`: with all that it imports in its folder, as a server must have it.
 */
export async function writeNetwork(
  hosts: Readonly<Record<string, string>>,
  options: {
    readonly folder?: string;
    readonly ordering?: readonly string[];
    readonly file?: string;
    readonly selfContained?: boolean;
  } = {},
): Promise<string> {
  const folder = options.folder ?? (await makeFolder());
  const file = path.join(folder, options.file ?? 'network.nix');
  if (options.selfContained) await cp(fixtures, path.join(folder, 'base'), { recursive: true });
  const base = options.selfContained ? './base/base.nix' : path.join(fixtures, 'base.nix');
  const tags = (options.ordering ?? []).map((tag) => `"${tag}"`).join(' ');
  const modules = Object.entries(hosts).map(([name, module]) => `  "${name}" = ${module};`);
  const text = [
    '{',
    `  network = import ${base} // { ordering.tags = [ ${tags} ]; };`,
    '  defaults.nixpkgs.system = builtins.currentSystem;',
    ...modules,
    '}',
    '',
  ].join('\n');
  await writeFile(file, text);
  return file;
}
