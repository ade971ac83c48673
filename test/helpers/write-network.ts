/** Network files for tests of whole commands, made with the module system of test/fixtures/network. */

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';

const base = path.join(import.meta.dirname, '../fixtures/network/base.nix');

/** A folder that goes with the world of the test (scripts/in-lab). */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp('/nix/var/test.');
  await mkdir(folder, { recursive: true });
  return folder;
}

/**
 * Writes `network.nix` with one module per host (Nix source) and says its path. `ordering`: tags in the order of
 * deployment.
 */
export async function writeNetwork(
  hosts: Readonly<Record<string, string>>,
  options: { readonly folder?: string; readonly ordering?: readonly string[]; readonly file?: string } = {},
): Promise<string> {
  const folder = options.folder ?? (await makeFolder());
  const file = path.join(folder, options.file ?? 'network.nix');
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
