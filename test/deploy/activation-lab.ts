/** A lab host that runs a system, has another one in its store, and is spoken to over a session of its own. */

import { readFile, readlink } from 'node:fs/promises';
import type { ActivateRequest } from '../../src/deploy/activation/activate-host.ts';
import type { StepOptions } from '../../src/deploy/rollout/host-steps.ts';
import type { HostSession } from '../../src/deploy/session/host-session.ts';
import { openHostSession } from '../../src/deploy/session/open-host-session.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import type { SshSettings, SshTarget } from '../../src/process/ssh.ts';
import { copyPaths } from '../../src/store/copy-paths.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { buildStandInSystem } from '../lab/stand-in-system.ts';

const systemProfile = '/nix/var/nix/profiles/system';

export interface ActivationLab {
  readonly host: LabHost;
  /** Running, in the profile, in the boot menu. */
  readonly old: StorePath;
  /** In the store only. */
  readonly fresh: StorePath;
  readonly lines: string[];
  /** One that notices within seconds that the other side is gone. */
  openSession(change?: {
    readonly target?: SshTarget;
    readonly password?: () => Promise<string>;
  }): Promise<HostSession>;
  request(change?: Partial<ActivateRequest>): ActivateRequest;
  options(signal?: AbortSignal): StepOptions;
  /** What runs, what the profile is, which generation that is. */
  stands(): Promise<{ current: string; profile: string; generation: string }>;
  /** The value of a key of the activation's state. */
  state(key: string): Promise<string | undefined>;
  /** The old system again, with nothing left of what was done. */
  reset(): Promise<void>;
}

/** Notices within seconds that the other side is gone. */
function impatient(settings: SshSettings): SshSettings {
  const options = ['-oConnectTimeout=2', '-oServerAliveInterval=1', '-oServerAliveCountMax=2'];
  return { ...settings, extraArgs: [...options, ...(settings.extraArgs ?? [])] };
}

/** `units`: of the fresh system, for a host that runs systemd. */
export async function prepareActivationLab(
  host: LabHost,
  units: Readonly<Record<string, string>> = {},
): Promise<ActivationLab> {
  const old = await buildStandInSystem({ name: host.name, note: 'old' });
  const fresh = await buildStandInSystem({ name: host.name, note: 'fresh', units });
  const { target, settings } = host.ssh;
  await using local = await openStore({ type: 'local' });
  await using remote = await openStore({ type: 'ssh', target, settings });
  await copyPaths({ from: local, to: remote, roots: [old, fresh], withoutSignatureCheck: true });
  const lines: string[] = [];
  const reset = async (): Promise<void> => {
    lines.length = 0;
    await host.setBehaviour(undefined);
    await host.exec(`
      for f in /run/proteus/*/state; do
        [ ! -f "$f" ] || kill -KILL $(sed -n 's/^pid=//p' "$f") 2>/dev/null
      done
      pkill -KILL -f '/bin/switch-to-configuratio[n]'
      rm -rf /run/proteus /nix/var/nix/proteus /nix/var/nix/gcroots/proteus ${systemProfile}* /run/current-system`);
    await host.exec(`
      nix-env --profile ${systemProfile} --set ${old} && ${old}/bin/switch-to-configuration switch
      rm -f /var/log/switch.log`);
  };
  await reset();
  return {
    host,
    old,
    fresh,
    lines,
    openSession: (change = {}) =>
      openHostSession(
        { name: host.name, target: change.target ?? target },
        { ssh: impatient(settings), signal: AbortSignal.timeout(60_000), password: change.password },
      ),
    request: (change = {}) => ({
      rollout: 'r1',
      toplevel: fresh,
      action: 'switch',
      confirmTimeout: 20,
      activationTimeout: 0,
      rollBack: true,
      ...change,
    }),
    options: (signal = AbortSignal.timeout(100_000)) => ({ signal, onLine: (line) => lines.push(line) }),
    async stands() {
      const link = (path: string): Promise<string> => readlink(host.path(path)).catch(() => '');
      const generation = await link(systemProfile);
      return {
        current: await link('/run/current-system'),
        profile: await link(`/nix/var/nix/profiles/${generation}`),
        generation,
      };
    },
    async state(key) {
      const text = await readFile(host.path('/run/proteus/r1/state'), 'utf8').catch(() => '');
      return new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];
    },
    reset,
  };
}
