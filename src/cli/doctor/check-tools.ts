/** The programs that Proteus starts: are they there, and are they ones it works with? */

import { isOnPath, startProcess } from '../../process/start-process.ts';
import { type Check, ok, problem, warning } from './check.ts';

interface Tool {
  readonly program: string;
  readonly purpose: string;
  readonly needed: boolean;
}

const tools: readonly Tool[] = [
  { program: 'nix', purpose: 'evaluates and builds', needed: true },
  { program: 'nix-daemon', purpose: 'gives access to the store', needed: true },
  { program: 'nix-instantiate', purpose: 'reads what a network says of its hosts', needed: true },
  { program: 'ssh', purpose: 'reaches hosts and builders', needed: true },
  { program: 'git', purpose: 'follows repositories', needed: false },
];

/** One check for each program, and one for Node. */
export async function checkTools(
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Check[]> {
  const found = tools.map(({ program, purpose, needed }): Check => {
    if (isOnPath(program, env.PATH)) return ok(program, `is on PATH: ${purpose}`);
    const mend = `install it (on Debian: apt-get install ${packageOf(program)}; on NixOS it is there by default)`;
    return (needed ? problem : warning)(program, `is not on PATH: ${purpose}`, mend);
  });
  return [...found, checkNode(process.versions.node), await checkTermination()];
}

function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 15)) return ok('node', `version ${version}`);
  return problem(
    'node',
    `version ${version} is too old: 24.15 is wanted`,
    'run npm ci in the clone of Proteus',
  );
}

function packageOf(program: string): string {
  if (program.startsWith('nix')) return 'nix-bin';
  return program === 'ssh' ? 'openssh-client' : program;
}

/** Starts and ends one process: a sandbox that forbids it would break everything later, in stranger ways. */
async function checkTermination(): Promise<Check> {
  await using child = await startProcess(['sleep', '60']);
  await child.kill();
  return ok('processes', 'can be started and ended');
}
