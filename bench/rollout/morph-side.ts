/** Morph's side of the rollout benchmark, as a command line: all systems to their hosts, one after the other. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shellQuote } from '../../src/process/ssh.ts';
import type { Argv } from '../../src/process/start-process.ts';
import type { Setting } from './setting.ts';

export interface MorphSide {
  readonly argv: Argv;
  readonly env: Readonly<Record<string, string>>;
}

const profile = '/nix/var/nix/profiles/system';

/**
 * What Morph runs for `deploy NETWORK switch` once all is built, host by host, word by word, and with a secret and a check
 * for `deploy --upload-secrets`. What waits for mounts is `true`: these hosts have no systemd.
 */
export function morphCommands({ targets, sshConfigFile, usual }: Setting): MorphSide {
  const sudo = "sudo -n -p '' -k -- ";
  const config = shellQuote(sshConfigFile);
  const lines = targets.flatMap(({ host, toplevel }) => {
    const ssh = (words: string): string => `ssh -F ${config} root@${host} ${shellQuote(words)}`;
    const activate = [
      ssh(`${sudo}nix-env --profile ${profile} --set ${toplevel}`),
      ssh(`${sudo}${toplevel}/bin/switch-to-configuration switch`),
    ];
    const copy = `nix-copy-closure --to root@${host} ${toplevel}`;
    if (usual === undefined) return [copy, ...activate];
    const { secretFile, secretDestination } = usual;
    const check = ssh('true');
    return [
      copy,
      ssh(`${sudo}true`),
      `tmp=$(${ssh('mktemp')})`,
      ssh(`${sudo}mkdir -p -m 755 ${secretDestination.replace(/\/[^/]*$/, '')}`),
      `scp -q -F ${config} ${secretFile} root@${host}:$tmp`,
      `ssh -F ${config} root@${host} ${sudo}mv $tmp ${secretDestination}`,
      ssh(`${sudo}chown root:root ${secretDestination}`),
      ssh(`${sudo}chmod 0400 ${secretDestination}`),
      // With secrets Morph runs them three times.
      check,
      ...activate,
      check,
      check,
    ];
  });
  return { argv: ['sh', '-ec', lines.join('\n')], env: { NIX_SSHOPTS: `-F ${sshConfigFile}` } };
}

/** A real one, which evaluates a network whose systems are there already. */
export async function morphProgram(setting: Setting, morph: string): Promise<MorphSide> {
  const { targets, sshConfigFile, folder, usual } = setting;
  const machines = targets.map(({ name, toplevel }) => `ln -s ${toplevel} $out/${name}`).join('\n');
  const hosts = targets.map(({ name, host }) => ({
    ...{ name, targetHost: host, targetPort: null, targetUser: 'root', buildOnly: false },
    ...{ preDeployChecks: {}, substituteOnDestination: false, tags: [], nixosRelease: '' },
    healthChecks: usual && { cmd: [{ description: 'check', cmd: ['true'], period: 2, timeout: 5 }] },
    secrets: usual ? { key: secret(usual) } : {},
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
  return {
    argv: [morph, 'deploy', ...(usual ? ['--upload-secrets'] : []), network, 'switch'],
    env: { SSH_CONFIG_FILE: sshConfigFile, MORPH_NIX_EVAL_MACHINES: machinesFile },
  };
}

function secret({ secretFile, secretDestination }: NonNullable<Setting['usual']>): object {
  return {
    source: secretFile,
    destination: secretDestination,
    owner: { user: 'root', group: 'root' },
    ...{ permissions: '0400', action: [], mkDirs: true, uploadAt: 'pre-activation' },
  };
}

function nixText(text: string): string {
  return `"${text.replace(/[\\"$]/g, '\\$&')}"`;
}
