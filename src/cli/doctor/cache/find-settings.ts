/**
 * Whose settings decide here, and how that was found out. As root, or wherever the store can be written to, Nix works on
 * the store itself, with the settings of whoever calls it. Else the daemon does the work, with the settings that it
 * had when it began; from a user that it does not trust it takes none of those that matter here.
 */

import { access, constants, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { openStore } from '../../../store/open-store.ts';
import { localSocket } from '../../../store/open-transport.ts';
import { type DaemonProcess, findDaemon } from './find-daemon.ts';
import { type NixSettings, readNixSettings } from './nix-settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsInForce {
  /** What the caller's own configuration says. */
  readonly client: NixSettings;
  /** What decides. */
  readonly effective: NixSettings;
  /** How `effective` was found out, as a sentence. */
  readonly how: string;
  /** Undefined: no daemon is between. */
  readonly daemon: DaemonInForce | undefined;
  /** Where what it remembers of caches is kept: by the daemon where there is one. */
  readonly cacheFolder: string;
}

export interface DaemonInForce {
  readonly process: DaemonProcess | undefined;
  /** Whether it trusts this user. */
  readonly trusted: boolean;
  /** A configuration file that was changed after the daemon began. */
  readonly changedSince: string | undefined;
}

/** Throws what running `nix` throws. */
export async function findSettings(env: Environment, signal: AbortSignal): Promise<SettingsInForce> {
  const client = await readNixSettings(env, signal);
  if (!(await goesThroughDaemon(env))) {
    const how = 'you can write to the store, so Nix works on it itself: your own settings decide';
    return { client, effective: client, how, daemon: undefined, cacheFolder: cacheFolder(env) };
  }
  const process = await findDaemon();
  const daemonEnv = process?.env;
  // Without a look into its environment it is taken to have none: only the system's nix.conf counts then.
  const seenAs: Environment = {
    PATH: env.PATH,
    ...(daemonEnv === undefined
      ? { HOME: env.HOME, NIX_CONF_DIR: env.NIX_CONF_DIR, NIX_USER_CONF_FILES: '/dev/null' }
      : pick(daemonEnv, /^(?:HOME|XDG_|NIX_)/)),
    NIX_REMOTE: undefined,
  };
  const settings = await readNixSettings(seenAs, signal);
  const trusted = await isTrusted(settings, env, signal);
  const files = await filesOf(seenAs, daemonEnv?.HOME);
  const changed = files.find(({ changedAt }) => process !== undefined && changedAt > process.startedAt);
  const source =
    daemonEnv === undefined
      ? 'as the configuration of the system says; its environment cannot be seen by this user'
      : `as its configuration and its environment (process ${process?.pid}) say`;
  const how = trusted
    ? 'the daemon does the work, and trusts this user: your own settings override those of the daemon'
    : `the daemon does the work, and does not trust this user: its own settings decide (${source})`;
  return {
    client,
    effective: trusted ? client : settings,
    how,
    daemon: { process, trusted, changedSince: changed?.file },
    cacheFolder: cacheFolder({ HOME: '/root', ...daemonEnv }),
  };
}

/** As Nix decides for `auto`. */
async function goesThroughDaemon(env: Environment): Promise<boolean> {
  const remote = env.NIX_REMOTE ?? '';
  if (remote !== '' && remote !== 'auto') return remote === 'daemon' || remote.startsWith('unix://');
  const writable = await isAccessible(env.NIX_STATE_DIR || '/nix/var/nix', constants.R_OK | constants.W_OK);
  return !writable && (await isAccessible(localSocket(env), constants.F_OK));
}

async function isAccessible(file: string, mode: number): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false,
  );
}

/** As the daemon says, or, where it is too old to say, as its settings do. */
async function isTrusted(settings: NixSettings, env: Environment, signal: AbortSignal): Promise<boolean> {
  try {
    await using store = await openStore({ type: 'local' }, { signal, env });
    if (store.trusted !== undefined) return store.trusted;
  } catch {
    signal.throwIfAborted();
  }
  const users = settings['trusted-users'];
  return users.includes('*') || users.includes(userInfo().username);
}

function cacheFolder(env: Environment): string {
  return (
    env.NIX_CACHE_HOME || path.join(env.XDG_CACHE_HOME || path.join(env.HOME ?? '/root', '.cache'), 'nix')
  );
}

/** The configuration files that it reads when it begins, with the times of their last change. */
async function filesOf(
  env: Environment,
  home: string | undefined,
): Promise<readonly { readonly file: string; readonly changedAt: number }[]> {
  const system = env.NIX_CONF_DIR || '/etc/nix';
  const files = [
    `${system}/nix.conf`,
    `${system}/nix.custom.conf`,
    ...(home === undefined ? [] : [`${home}/.config/nix/nix.conf`]),
  ];
  const found = await Promise.all(
    files.map(async (file) => ({ file, changedAt: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  return found.filter(({ changedAt }) => changedAt > 0);
}

function pick(env: Readonly<Record<string, string>>, names: RegExp): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.test(name)));
}
