/**
 * The ssh command line of one host, in Morph's form: its environment variables, then what the host itself says.
 * OpenSSH does the work, so the user's own ~/.ssh/config, agent and known hosts apply.
 */

import type { Argv } from './start-process.ts';

/** Where a machine is reached. */
export interface SshTarget {
  readonly host: string;
  readonly port?: number | undefined;
  /** Default: ssh's own choice. */
  readonly user?: string | undefined;
}

/** Settings that hold for every connection of a run. */
export interface SshSettings {
  readonly identityFile?: string | undefined;
  readonly configFile?: string | undefined;
  readonly skipHostKeyCheck?: boolean;
  /** Further arguments, as the machines file's or tests' options. */
  readonly extraArgs?: readonly string[];
}

/** Morph's environment variables as settings (deploy reference §1.2); any non-empty value skips the check. */
export function sshSettingsFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): SshSettings & { readonly user: string | undefined } {
  return {
    identityFile: env.SSH_IDENTITY_FILE || undefined,
    configFile: env.SSH_CONFIG_FILE || undefined,
    skipHostKeyCheck: Boolean(env.SSH_SKIP_HOST_KEY_CHECK),
    user: env.SSH_USER || undefined,
  };
}

/**
 * The command line that runs `remoteWords` on the target. ssh joins the words with spaces and the login shell of
 * the target reads them again: quote with `shellQuote` what must stay one word.
 */
export function sshArgv(target: SshTarget, settings: SshSettings, remoteWords: readonly string[]): Argv {
  const argv: [string, ...string[]] = ['ssh'];
  if (settings.skipHostKeyCheck) {
    argv.push('-o', 'StrictHostKeyChecking=No', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR');
  }
  if (settings.identityFile !== undefined) argv.push('-i', settings.identityFile);
  if (settings.configFile !== undefined) argv.push('-F', settings.configFile);
  if (target.port !== undefined) argv.push('-p', String(target.port));
  argv.push(...(settings.extraArgs ?? []));
  // `--`: a host name that begins with a dash must not become an option.
  argv.push('--', target.user === undefined ? target.host : `${target.user}@${target.host}`, ...remoteWords);
  return argv;
}

/** One word for a POSIX shell. */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_/:=.,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
