/** Builds one path in the local store of the lab. */

import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';

/** `script`: for `/bin/sh`, which is busybox; `uses`: paths it may refer to. */
export async function buildPath(
  name: string,
  script: string,
  uses: readonly StorePath[] = [],
  options: { readonly system?: string; readonly nixArguments?: readonly string[] } = {},
): Promise<StorePath> {
  const system = options.system === undefined ? 'builtins.currentSystem' : JSON.stringify(options.system);
  const { stdout } = await runProcess([
    'nix-build',
    '--no-out-link',
    ...(options.nixArguments ?? []),
    '-E',
    `derivation {
      name = "${name}"; system = ${system}; builder = "/bin/sh"; PATH = "/bin";
      inputs = [ ${uses.map((path) => `(builtins.storePath ${path})`).join(' ')} ];
      args = [ "-c" ${JSON.stringify(script).replaceAll('$', '\\$')} ];
    }`,
  ]);
  return parseStorePath(stdout.trim());
}
