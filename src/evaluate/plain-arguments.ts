/**
 * Arguments that go over several lines, as files. They cannot be typed to a repl, and a file that evaluated code makes
 * itself (`builtins.toFile`) may not be read where evaluation is restricted; so it is made beforehand, and allowed.
 */

import { nixString } from '../nix/nix-string.ts';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import { runProcess } from '../process/run-process.ts';
import { isPlain } from './worker-input.ts';

interface PlainArguments {
  readonly args: Readonly<Record<string, string>>;
  /** The files that were made, by argument. */
  readonly files: ReadonlyMap<string, StorePath>;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export async function plainArguments(
  args: Readonly<Record<string, string>>,
  options: Options,
): Promise<PlainArguments> {
  const files = new Map<string, StorePath>();
  const plain: [string, string][] = [];
  for (const [name, expression] of Object.entries(args)) {
    if (isPlain(expression)) plain.push([name, expression]);
    else {
      const file = await textFile(`${name}.nix`, expression, options);
      files.set(name, file);
      plain.push([name, `import ${nixString(file)}`]);
    }
  }
  return { args: Object.fromEntries(plain), files };
}

async function textFile(name: string, text: string, { signal, env }: Options): Promise<StorePath> {
  const expression = `builtins.toFile ${nixString(name)} ${nixString(text)}`;
  const argv = ['nix-instantiate', '--eval', '--read-write-mode', '--expr', expression] as const;
  const { stdout } = await runProcess(argv, { signal, ...(env === undefined ? {} : { env }) });
  return parseStorePath(stdout.trim().replace(/^"|"$/g, ''));
}
