/**
 * The command lines with which Morph reaches a host (deploy reference §1.8, §1.10), word for word: people put programs of
 * their own in the place of ssh, scp and nix-copy-closure, and log and count what they are called with.
 */

import type { SshSettings, SshTarget } from '../../process/ssh.ts';
import type { Argv } from '../../process/start-process.ts';

/** ssh joins `words` with spaces, and the login shell of the host reads them again. */
export function morphSshArgv(target: SshTarget, ssh: SshSettings, words: readonly string[]): Argv {
  const port = target.port === undefined ? [] : ['-p', String(target.port)];
  return ['ssh', ...common(ssh), ...port, withUser(target, target.host), ...words];
}

export function morphScpArgv(target: SshTarget, ssh: SshSettings, from: string, to: string): Argv {
  const port = target.port === undefined ? [] : ['-P', String(target.port)];
  // In brackets an address of IPv6 can be told from the path; Morph does not do it, and scp then fails.
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  return ['scp', ...common(ssh), ...port, from, withUser(target, `${host}:${to}`)];
}

/** `-S`: the password comes on standard input; `-n`: nothing is asked. A remembered password is not used. */
export function morphSudoWords(words: readonly string[], withPassword: boolean): readonly string[] {
  const [first, ...rest] = words;
  // `''` is for the shell of the host, which makes an empty word of it.
  return ['sudo', withPassword ? '-S' : '-n', '-p', "''", '-k', '--', ...(first === 'sudo' ? rest : words)];
}

export interface MorphCopy {
  readonly argv: Argv;
  /** Undefined: what the environment has. */
  readonly sshOptions: string | undefined;
}

export function morphCopyArgv(
  target: SshTarget,
  ssh: SshSettings,
  copy: {
    readonly path: string;
    readonly nixConfig: Readonly<Record<string, string>>;
    readonly substitute: boolean;
  },
): MorphCopy {
  const key = ssh.identityFile === undefined ? '' : `?ssh-key=${ssh.identityFile}`;
  const options = [
    ...(ssh.skipHostKeyCheck ? ['-o StrictHostkeyChecking=No -o UserKnownHostsFile=/dev/null'] : []),
    ...(target.port === undefined ? [] : [`-p ${target.port}`]),
    ...(ssh.configFile === undefined ? [] : [`-F ${ssh.configFile}`]),
  ];
  return {
    argv: [
      'nix-copy-closure',
      '--to',
      `${withUser(target, target.host)}${key}`,
      copy.path,
      ...Object.entries(copy.nixConfig).flatMap(([name, value]) => ['--option', name, value]),
      ...(copy.substitute ? ['--use-substitutes'] : []),
    ],
    sshOptions: options.length === 0 ? undefined : options.join(' '),
  };
}

function common({ skipHostKeyCheck, identityFile, configFile }: SshSettings): readonly string[] {
  return [
    ...(skipHostKeyCheck ? ['-o', 'StrictHostKeyChecking=No', '-o', 'UserKnownHostsFile=/dev/null'] : []),
    ...(identityFile === undefined ? [] : ['-i', identityFile]),
    ...(configFile === undefined ? [] : ['-F', configFile]),
  ];
}

function withUser({ user }: SshTarget, rest: string): string {
  return user === undefined ? rest : `${user}@${rest}`;
}
