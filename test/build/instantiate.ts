/** Writing derivations to the lab's store: a shell script each, run by the sandbox's busybox. */

import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';

/** What every expression may use: `sh name { inputs…; } script`, inputs being variables of the script. */
const prelude = `
  let
    sh = name: attrs: script: derivation ({
      inherit name;
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" script ];
      PATH = "";
    } // attrs);
    # Says that it is there, and goes on when the test opens the gate.
    gate = name: "echo at gate \${name}; while ! test -e /gates/\${name}; do sleep 0.05; done; ";
  in
`;

/** The derivation of an expression, or those of its attributes. */
export async function instantiate(
  expression: string,
  env: Readonly<Record<string, string>> = {},
): Promise<StorePath> {
  const [first] = await instantiateAll(`{ a = ${expression}; }`, env);
  if (first === undefined) throw new Error(`no derivation: ${expression}`);
  return first;
}

/** The derivations of an attribute set, in the order of its names. */
export async function instantiateAll(
  expression: string,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly StorePath[]> {
  const { stdout } = await runProcess(['nix-instantiate', '--expr', `${prelude} ${expression}`], {
    env: { ...process.env, ...env },
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => parseStorePath(line.split('!')[0] ?? ''));
}
