/** The programs that are measured: each brings all systems to their hosts and activates them. */

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shellQuote } from '../../src/process/ssh.ts';
import { type Argv, isOnPath } from '../../src/process/start-process.ts';

export interface Setting {
  readonly targets: readonly { readonly name: string; readonly host: string; readonly toplevel: string }[];
  readonly sshConfigFile: string;
  /** For files of the sides. */
  readonly folder: string;
}

export interface Contestant {
  readonly argv: Argv;
  readonly env: Readonly<Record<string, string>>;
}

const profile = '/nix/var/nix/profiles/system';

export function ourProgram(setting: Setting): Contestant {
  const program = join(import.meta.dirname, 'our-side.ts');
  return {
    argv: [process.execPath, '--disable-warning=ExperimentalWarning', program, JSON.stringify(setting)],
    env: {},
  };
}

/** What Morph runs for `deploy NETWORK switch` once all is built, host by host, word by word. */
export function morphCommands({ targets, sshConfigFile }: Setting): Contestant {
  const sudo = isOnPath('sudo') ? "sudo -n -p '' -k -- " : '';
  const config = shellQuote(sshConfigFile);
  const lines = targets.flatMap(({ host, toplevel }) => [
    `nix-copy-closure --to root@${host} ${toplevel}`,
    `ssh -F ${config} root@${host} ${shellQuote(`${sudo}nix-env --profile ${profile} --set ${toplevel}`)}`,
    `ssh -F ${config} root@${host} ${shellQuote(`${sudo}${toplevel}/bin/switch-to-configuration switch`)}`,
  ]);
  return { argv: ['sh', '-ec', lines.join('\n')], env: { NIX_SSHOPTS: `-F ${sshConfigFile}` } };
}

/** A real one, which evaluates a network whose systems are there already. */
export async function morphProgram(setting: Setting, morph: string): Promise<Contestant> {
  const { targets, sshConfigFile, folder } = setting;
  const machines = targets.map(({ name, toplevel }) => `ln -s ${toplevel} $out/${name}`).join('\n');
  const hosts = targets.map(({ name, host }) => ({
    ...{ name, targetHost: host, targetPort: null, targetUser: 'root', secrets: {}, buildOnly: false },
    ...{ preDeployChecks: {}, healthChecks: {}, substituteOnDestination: false, tags: [], nixosRelease: '' },
    nixConfig: {},
  }));
  const deployment = JSON.stringify({ hosts, meta: { description: '', ordering: {} } });
  // Stands for Morph's own file, which would evaluate the modules of NixOS.
  const machinesFile = join(folder, 'eval-machines.nix');
  await writeFile(
    machinesFile,
    `{ networkExpr ? null, argsFile ? "" }: {
      info.deployment = builtins.fromJSON ${nixText(deployment)};
      info.buildShell = null;
      machines = derivation {
        name = "morph"; system = builtins.currentSystem; builder = "/bin/sh";
        PATH = "\${builtins.storePath "${targets[0]?.toplevel}"}";
        args = [ "-c" ${nixText(`mkdir -p $out; ${machines}`)} ];
      };
    }`,
  );
  const network = join(folder, 'network.nix');
  await writeFile(network, '{ }');
  await chmod(network, 0o644);
  return {
    argv: [morph, 'deploy', network, 'switch'],
    env: { SSH_CONFIG_FILE: sshConfigFile, MORPH_NIX_EVAL_MACHINES: machinesFile },
  };
}

function nixText(text: string): string {
  return `"${text.replace(/[\\"$]/g, '\\$&')}"`;
}
