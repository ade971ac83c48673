/**
 * Making a host run its new system, as Morph does: the profile for switch and boot, then switch-to-configuration, both
 * through sudo. Where Morph takes every exit code but 0 for a failure, 4 and 100 are told for what they are.
 */

import { AppError } from '../../util/app-error.ts';
import type { PlannedHost, SwitchAction } from '../deploy-plan.ts';
import type { Activated } from '../rollout/host-steps.ts';
import { exitWords } from './exit-words.ts';
import type { MorphRemote } from './morph-remote.ts';

export interface MorphActivationOptions {
  readonly remote: MorphRemote;
  readonly write: (text: string) => void;
  readonly signal: AbortSignal;
}

const unitsFailed = 4;
const wantsReboot = 100;

/** Throws `deploy.failed`. */
export async function activateMorphHost(
  host: PlannedHost,
  action: SwitchAction,
  { remote, write, signal }: MorphActivationOptions,
): Promise<Activated> {
  const options = { signal, output: (chunk: Uint8Array) => write(Buffer.from(chunk).toString()) };
  // The one character of a store path's name that a shell would look at: `?`.
  const toplevel = host.toplevel.includes('?') ? `'${host.toplevel}'` : host.toplevel;
  write(`Executing '${action}' on matched hosts:\n\n** ${host.name}\n`);
  if (action === 'switch' || action === 'boot') {
    const words = ['nix-env', '--profile', '/nix/var/nix/profiles/system', '--set', toplevel];
    const exit = await remote.sudo(host, words, options);
    stopIf(signal);
    if (exit.code !== 0) throw new AppError('deploy.failed', exitWords(exit));
  }
  const { code } = await remote.sudo(host, [`${toplevel}/bin/switch-to-configuration`, action], options);
  stopIf(signal);
  if (code === unitsFailed) {
    write('The new system is active, but some of its units failed (exit status 4).\n\n');
    return { state: 'failed-units', units: [] };
  }
  if (code === wantsReboot) {
    write('The new system takes effect when the host is rebooted (exit status 100).\n\n');
    return { state: 'needs-reboot' };
  }
  if (code !== 0) throw new AppError('deploy.failed', 'Error while activating new configuration.');
  write('\n');
  return { state: 'active' };
}

function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('interrupted', 'interrupted');
}
