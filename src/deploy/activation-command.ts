/**
 * The commands that make a host run a system that it has in its store.
 *
 * For `switch` and `boot` the system profile is set first: that is what the boot loader lists, and what keeps the
 * system from the garbage collector. `test` and `dry-activate` leave the profile alone. Any login but root goes
 * through sudo in Morph's form, which never asks for a password and takes no remembered one.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { SwitchAction } from './deploy-plan.ts';

export interface ActivationCommands {
  /** Words for the login shell of the host; undefined when the profile is not touched. */
  readonly setProfile: readonly string[] | undefined;
  readonly activate: readonly string[];
}

const systemProfile = '/nix/var/nix/profiles/system';
/** `''` is for the shell of the host, which makes an empty word of it. */
const sudo = ['sudo', '-n', '-p', "''", '-k', '--'] as const;

/** `asRoot`: the login is root's, so that no sudo is needed. */
export function activationCommands(
  toplevel: StorePath,
  action: SwitchAction,
  asRoot: boolean,
): ActivationCommands {
  // The one character of a store path's name that a shell would look at: `?`.
  const path = toplevel.includes('?') ? `'${toplevel}'` : toplevel;
  const prefix = asRoot ? [] : sudo;
  const setsProfile = action === 'switch' || action === 'boot';
  return {
    setProfile: setsProfile ? [...prefix, 'nix-env', '--profile', systemProfile, '--set', path] : undefined,
    activate: [...prefix, `${path}/bin/switch-to-configuration`, action],
  };
}
