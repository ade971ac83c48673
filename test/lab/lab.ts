/**
 * Real hosts on one machine, for integration tests and the demonstration: each with its own network, Nix store, sshd
 * and processes (lab-host.ts). Works only inside scripts/in-lab, whose end takes down whatever a test that was killed
 * has left.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProcess } from '../../src/process/run-process.ts';
import { type LabHost, type LabHostOptions, startLabHost } from './lab-host.ts';

export interface LabOptions {
  /** For hosts that do not say otherwise. */
  readonly defaults?: LabHostOptions;
}

export interface Lab extends AsyncDisposable {
  readonly hosts: ReadonlyMap<string, LabHost>;
  /** Private key that all hosts let in as root. */
  readonly identityFile: string;
  /** Starts a host; several can be started at a time. */
  addHost(name: string, options?: LabHostOptions): Promise<LabHost>;
  /** An ssh_config in which each host is known by its name and by its address (SSH_CONFIG_FILE, `ssh -F`). */
  sshConfigFile(): string;
  /** Environment for programs that connect by themselves, such as nix-copy-closure: NIX_SSHOPTS. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Makes a lab without hosts. Disposing of it stops them all and removes its files. */
export async function createLab(options: LabOptions = {}): Promise<Lab> {
  if (process.env.PROTEUS_LAB !== '1') {
    throw new Error('lab: hosts are made only inside scripts/in-lab; run the tests with it');
  }
  // On the lab's own memory file system, so that no way of dying leaves it behind.
  const dir = await mkdtemp('/nix/var/lab.');
  const identityFile = join(dir, 'identity');
  const configFile = join(dir, 'ssh_config');
  const knownHostsFile = join(dir, 'known_hosts');
  await runProcess(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', identityFile]);
  const hosts = new Map<string, LabHost>();

  const writeSshFiles = async (): Promise<void> => {
    const all = [...hosts.values()];
    await writeFile(
      knownHostsFile,
      all.map((host) => `${host.name},${host.address} ${host.hostKey}\n`).join(''),
    );
    const common = [
      'Host *',
      '  User root',
      `  IdentityFile ${identityFile}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${knownHostsFile}`,
      '  GlobalKnownHostsFile /dev/null',
      '  StrictHostKeyChecking yes',
      '  UpdateHostKeys no',
    ];
    const aliases = all.map((host) => `Host ${host.name}\n  HostName ${host.address}\n`);
    await writeFile(configFile, `${aliases.join('')}${common.join('\n')}\n`);
  };
  await writeSshFiles();

  let stopped = false;
  return {
    hosts,
    identityFile,
    environment: { NIX_SSHOPTS: `-F ${configFile}` },
    sshConfigFile: () => configFile,
    async addHost(name, hostOptions = {}) {
      if (stopped) throw new Error(`lab: no host can be added to a lab that was stopped (${name})`);
      const host = await startLabHost(
        name,
        { dir, identityFile, configFile, onStop: () => hosts.delete(name) },
        {
          ...options.defaults,
          ...hostOptions,
          nixConf: { ...options.defaults?.nixConf, ...hostOptions.nixConf },
        },
      );
      hosts.set(name, host);
      await writeSshFiles();
      return host;
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      await Promise.all([...hosts.values()].map((host) => host.stop()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
