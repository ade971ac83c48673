/** Jobs for the loop: a git repository with a release.nix in it, whose builds are shell scripts run by busybox. */

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runProcess } from '../../src/process/run-process.ts';

/** What every expression may use: see test/build/instantiate.ts. */
const prelude = `
  let
    sh = name: attrs: script: derivation ({
      inherit name;
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" script ];
      PATH = "";
    } // attrs) // attrs;
    job = name: script: sh name { } script;
    # Says that it is there, and goes on when the test opens the gate.
    gate = name: "echo at gate \${name}; while ! test -e /gates/\${name}; do sleep 0.05; done; ";
  in
`;

export interface Repository {
  readonly url: string;
  /** Replaces release.nix by a function or set that may use the prelude; says the revision. */
  push(expression: string, files?: Readonly<Record<string, string>>): Promise<string>;
}

export async function createRepository(): Promise<Repository> {
  const directory = await mkdtemp('/nix/var/repository.');
  const git = async (...args: string[]): Promise<string> => {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
    return (await runProcess(['git', '-C', directory, ...identity, ...args])).stdout.trim();
  };
  await git('init', '--quiet', '--initial-branch=main');
  return {
    url: directory,
    async push(expression, files = {}) {
      await writeFile(join(directory, 'release.nix'), `${prelude}\n${expression}\n`);
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(directory, name)), { recursive: true });
        await writeFile(join(directory, name), text);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '--message', 'Change');
      return git('rev-parse', 'HEAD');
    },
  };
}
