/** A real sshd that runs for each connection on its standard input; nothing listens. */

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import type { SshSettings } from '../../src/process/ssh.ts';
import { tempDir } from './nix-lab.ts';

export interface LocalSshd {
  /** Reaches it under any name. */
  readonly settings: SshSettings;
  /** The file of a key that it does not let in. */
  readonly otherKey: string;
}

/** `more`: further lines of its configuration. Everything lies in a folder that goes with the test. */
export function localSshd(more: readonly string[] = []): LocalSshd {
  const dir = tempDir();
  mkdirSync('/run/sshd', { recursive: true });
  for (const name of ['host', 'user', 'other']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${dir}/${name}`]);
  }
  copyFileSync(`${dir}/user.pub`, `${dir}/authorized`);
  chmodSync(dir, 0o755);
  const config = [
    `HostKey ${dir}/host`,
    `AuthorizedKeysFile ${dir}/authorized`,
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'UsePAM no',
    'PasswordAuthentication no',
    'SetEnv NIX_CONF_DIR=/nix/var/nix/conf',
    ...more,
  ];
  writeFileSync(`${dir}/sshd_config`, `${config.join('\n')}\n`);
  const options = [
    'IdentitiesOnly=yes',
    'LogLevel=ERROR',
    'StrictHostKeyChecking=no',
    `UserKnownHostsFile=${dir}/known`,
    `ProxyCommand=/usr/sbin/sshd -i -f ${dir}/sshd_config`,
  ];
  const extraArgs = ['-F', '/dev/null', ...options.flatMap((option) => ['-o', option])];
  return { settings: { identityFile: `${dir}/user`, extraArgs }, otherKey: `${dir}/other` };
}
