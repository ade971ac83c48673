/**
 * Running git so that it never asks, never runs what a repository says, and shows no password.
 *
 * The user's own configuration applies (credential helpers, proxies, ssh), with those settings overridden that would run
 * programs or change what is checked out. A password written into an address goes to git through a credential helper
 * that reads it from the environment: addresses are on the command lines of git and of the helpers it starts.
 */

import { shellQuote } from '../../process/ssh.ts';
import type { InputDeps } from '../input.ts';
import { runTool, type ToolResult } from '../run-tool.ts';
import type { GitRemote } from './remote.ts';

export interface GitContext {
  readonly env: InputDeps['env'];
  readonly signal: AbortSignal;
  /** What is fetched from, and with which key; not needed for what stays on this machine. */
  readonly remote?: GitRemote;
  readonly sshKey?: string | undefined;
}

const passedOn = [
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_SSL_CAINFO',
  'GIT_SSH_COMMAND',
  'GIT_ASKPASS',
];

const settings: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  // They would hold the time of a fetch, and a deep clone with them.
  ['core.logAllRefUpdates', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.autocrlf', 'false'],
  ['core.eol', 'lf'],
  ['core.symlinks', 'true'],
  ['core.fileMode', 'true'],
  ['core.sparseCheckout', 'false'],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['fetch.prune', 'false'],
  ['fetch.writeCommitGraph', 'true'],
  // Packs, not thousands of small files; mirror.ts keeps them few.
  ['fetch.unpackLimit', '1'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['pack.threads', '1'],
  ['advice.detachedHead', 'false'],
];

/** For every credential that is asked for it says the one that it finds in its environment. */
const credentialHelper =
  '!f() { [ "$1" != get ] || printf "username=%s\\npassword=%s\\n" "$PROTEUS_USER" "$PROTEUS_PASSWORD"; }; f';

export async function runGit(
  args: readonly string[],
  context: GitContext,
  variables = {},
): Promise<ToolResult> {
  const { env, signal } = context;
  return runTool(['git', ...args], {
    env,
    alsoPass: passedOn,
    variables: { ...gitVariables(context), ...variables },
    signal,
  });
}

/** The environment that git needs besides what is passed on. */
export function gitVariables({ env, remote, sshKey }: Omit<GitContext, 'signal'>): Record<string, string> {
  const config = [...settings];
  const variables: Record<string, string> = {
    GIT_TERMINAL_PROMPT: '0',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    // Pointers stay pointers, as where git-lfs is not installed.
    GIT_LFS_SKIP_SMUDGE: '1',
  };
  if (remote?.kind === 'http') {
    // For that host only: git asks for another one when it is sent on.
    const { origin } = new URL(remote.address);
    if (remote.user !== undefined) config.push([`credential.${origin}.username`, remote.user]);
    if (remote.password !== undefined) {
      config.push([`credential.${origin}.helper`, ''], [`credential.${origin}.helper`, credentialHelper]);
      variables.PROTEUS_USER = remote.user ?? '';
      variables.PROTEUS_PASSWORD = remote.password;
    }
  }
  // With neither, ssh is left as git's configuration has it: without a terminal it cannot ask.
  if (sshKey !== undefined || env.GIT_SSH_COMMAND !== undefined) {
    const key = sshKey === undefined ? '' : ` -i ${shellQuote(sshKey)} -o IdentitiesOnly=yes`;
    variables.GIT_SSH_COMMAND = `${env.GIT_SSH_COMMAND ?? 'ssh'}${key} -o BatchMode=yes`;
  }
  variables.GIT_CONFIG_COUNT = String(config.length);
  config.forEach(([key, value], at) => {
    variables[`GIT_CONFIG_KEY_${at}`] = key;
    variables[`GIT_CONFIG_VALUE_${at}`] = value;
  });
  return variables;
}
