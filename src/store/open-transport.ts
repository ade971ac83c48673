/** From how a store is reached to a transport to its daemon. */

import { type SshSettings, shellQuote, sshArgv } from '../process/ssh.ts';
import type { Argv } from '../process/start-process.ts';
import { AppError } from '../util/app-error.ts';
import { connectSocket } from './connect-socket.ts';
import { connectStdio } from './connect-stdio.ts';
import { unpackingScript } from './packed-import.ts';
import type { StoreSpec } from './store-spec.ts';
import type { Transport } from './transport.ts';
import { watchedCommand } from './watched-command.ts';

type SshSpec = Extract<StoreSpec, { type: 'ssh' }>;
type Environment = Readonly<Record<string, string | undefined>>;

export interface TransportOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of what is started. Default: ours. */
  readonly env?: Environment | undefined;
}

/** ssh never asks, finds out when the other side is gone, and shares no connection unless told to before these. */
export const sshOptions: readonly string[] = [
  '-x',
  '-T',
  '-a',
  ...[
    'BatchMode=yes',
    'ConnectTimeout=30',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=4',
    'ControlMaster=no',
    'ControlPath=none',
  ].flatMap((option) => ['-o', option]),
];

/** Throws `store.unreachable`, `process.missing` or `interrupted`. */
export async function openTransport(spec: StoreSpec, options: TransportOptions): Promise<Transport> {
  switch (spec.type) {
    case 'local':
      return openLocal(options);
    case 'socket':
      return connectSocket(spec.path, options);
    case 'command':
      return connectStdio(spec.argv, options);
    case 'ssh':
      return connectStdio(throughSsh(spec, daemonCommand(spec)), options);
  }
}

/** What is run on another machine to reach its daemon, for its login shell. */
export function daemonCommand(
  spec: SshSpec,
  options: { readonly announce?: boolean | undefined } = {},
): readonly string[] {
  return watchedCommand(daemonWords(spec), options);
}

/** The same for what comes packed: see `packed-import.ts`. */
export function packedCommand(spec: SshSpec): readonly string[] {
  const daemon = daemonWords(spec).map(shellQuote).join(' ');
  return ['sh', '-c', shellQuote(unpackingScript(daemon))];
}

function daemonWords(spec: SshSpec): readonly string[] {
  const program = (spec.remoteProgram ?? 'nix-daemon').split(' ').filter((word) => word !== '');
  const store = spec.remoteStore === undefined ? [] : ['--store', spec.remoteStore];
  return [...program, '--stdio', ...store];
}

/** The command line with a login of its own. */
export function throughSsh(spec: SshSpec, words: readonly string[]): Argv {
  // ssh takes the first value that it is given of an option: what the user says wins over ours.
  const settings: SshSettings = {
    ...spec.settings,
    extraArgs: [...(spec.settings.extraArgs ?? []), ...sshOptions],
  };
  return sshArgv(spec.target, settings, words);
}

async function openLocal(options: TransportOptions): Promise<Transport> {
  const env = options.env ?? process.env;
  try {
    return await connectSocket(localSocket(env), options);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'store.unreachable') throw error;
  }
  return connectStdio(['nix-daemon', '--stdio'], {
    ...options,
    env: { ...env, NIX_REMOTE: localUri(env) },
  });
}

/**
 * What a daemon of our own opens: the store in place, whatever the environment says of a daemon that does not listen;
 * but another store when it names one.
 */
export function localUri(env: Environment = process.env): string {
  const remote = env.NIX_REMOTE ?? '';
  return ['', 'auto', 'daemon'].includes(remote) ? 'local' : remote;
}

/** Where this machine's daemon listens. */
export function localSocket(env: Environment): string {
  return env.NIX_DAEMON_SOCKET_PATH || `${env.NIX_STATE_DIR || '/nix/var/nix'}/daemon-socket/socket`;
}
