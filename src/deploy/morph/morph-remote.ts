/**
 * Running commands on hosts as Morph does: an ssh for each. A command whose first word is `sudo` goes through sudo in
 * Morph's form, with the password on its standard input where there is one. For a login as root sudo is left out, which is
 * the one thing that Morph does otherwise.
 */

import type { Readable } from 'node:stream';
import type { ProcessExit } from '../../process/running-command.ts';
import type { SshSettings } from '../../process/ssh.ts';
import { type Argv, isOnPath, startProcess } from '../../process/start-process.ts';
import { AppError } from '../../util/app-error.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import { morphScpArgv, morphSshArgv, morphSudoWords } from './morph-argv.ts';

export interface MorphRemoteDeps {
  readonly ssh: SshSettings;
  /** Asked before each command that goes through sudo; `''`: there is none. */
  readonly password: (signal: AbortSignal) => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface MorphRunOptions {
  readonly signal: AbortSignal;
  /** What it prints. Both streams, as it comes. */
  readonly output: (chunk: Uint8Array) => void;
  /** Its standard output, when that is wanted apart. */
  readonly stdout?: ((chunk: Uint8Array) => void) | undefined;
}

export type MorphHost = Pick<PlannedHost, 'name' | 'target'>;

export interface MorphRemote {
  /** Ends when the signal fires, without an error: whoever fired it knows. Throws `process.missing`. */
  run(host: MorphHost, words: readonly string[], options: MorphRunOptions): Promise<ProcessExit>;
  /** The same, with root's rights. */
  sudo(host: MorphHost, words: readonly string[], options: MorphRunOptions): Promise<ProcessExit>;
  upload(host: MorphHost, from: string, to: string, options: MorphRunOptions): Promise<ProcessExit>;
  /** A program of this machine. */
  local(argv: Argv, options: MorphRunOptions, env?: Readonly<Record<string, string>>): Promise<ProcessExit>;
}

export function morphRemote(deps: MorphRemoteDeps): MorphRemote {
  const local = (
    argv: Argv,
    options: MorphRunOptions,
    env: Readonly<Record<string, string>> = {},
    stdin = '',
  ): Promise<ProcessExit> => runLocal(argv, { ...deps.env, ...env }, stdin, options);

  const sudo = async (
    host: MorphHost,
    words: readonly string[],
    options: MorphRunOptions,
  ): Promise<ProcessExit> => {
    if (host.target.user === 'root') {
      const plain = words[0] === 'sudo' ? words.slice(1) : words;
      return local(morphSshArgv(host.target, deps.ssh, plain), options);
    }
    const password = await deps.password(options.signal);
    const argv = morphSshArgv(host.target, deps.ssh, morphSudoWords(words, password !== ''));
    return local(argv, options, {}, password === '' ? '' : `${password}\n`);
  };

  return {
    local,
    sudo,
    run: (host, words, options) =>
      words[0] === 'sudo'
        ? sudo(host, words, options)
        : local(morphSshArgv(host.target, deps.ssh, words), options),
    upload: (host, from, to, options) => local(morphScpArgv(host.target, deps.ssh, from, to), options),
  };
}

async function runLocal(
  argv: Argv,
  env: Readonly<Record<string, string | undefined>>,
  stdin: string,
  { signal, output, stdout = output }: MorphRunOptions,
): Promise<ProcessExit> {
  if (!isOnPath(argv[0], env.PATH)) {
    throw new AppError('process.missing', `Missing dependencies: '${argv[0]}' on $PATH`);
  }
  // It may ask for a passphrase, or whether to trust a host, on the terminal.
  await using child = await startProcess(argv, { signal, env, terminal: true });
  child.stdin.end(stdin);
  await Promise.all([pass(child.stdout, stdout), pass(child.stderr, output)]);
  return await child.exited;
}

async function pass(stream: Readable, to: (chunk: Uint8Array) => void): Promise<void> {
  try {
    for await (const chunk of stream) to(chunk);
  } catch {
    // A killed child's pipe can break while it is read; the exit says what happened.
  }
}
