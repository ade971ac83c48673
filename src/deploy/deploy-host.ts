/**
 * One host, from connecting to activating. It either runs what was planned at the end or throws; what it does is told
 * as `host.phase` and `host.log` events. The connection to its store stays open to the end: it holds a temporary root
 * on the new system, which otherwise nothing would refer to until its profile is set (or ever, for `test`).
 */

import type { Emit, HostPhase } from '../events/event.ts';
import type { SshSettings } from '../process/ssh.ts';
import { copyPaths } from '../store/copy-paths.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { activationCommands } from './activation-command.ts';
import { activationFailure, profileFailure } from './activation-failure.ts';
import type { DeployPlan, PlannedHost, SwitchAction } from './deploy-plan.ts';
import { loginUser } from './login-user.ts';
import { remoteRun } from './remote-run.ts';

export interface DeployHostOptions {
  readonly action: DeployPlan['action'];
  /** Holds the system to be deployed, with all it refers to. */
  readonly store: Store;
  readonly ssh: SshSettings;
  readonly emit: Emit;
  readonly onPhase: (phase: HostPhase) => void;
  readonly signal?: AbortSignal | undefined;
  /** Setting the profile and activating, each. */
  readonly activationTimeoutMs?: number | undefined;
}

/** Throws what went wrong; the phase told last says where. */
export async function deployHost(host: PlannedHost, options: DeployHostOptions): Promise<void> {
  const { emit, onPhase, signal, store, ssh } = options;
  onPhase('connecting');
  await using remote = await openStore({ type: 'ssh', target: host.target, settings: ssh }, { signal });
  await using _root = await remote.leaseTempRoots([host.toplevel], { signal });

  onPhase('copying');
  await copyPaths({
    from: store,
    to: remote,
    roots: [host.toplevel],
    substitute: host.substitute,
    // What we built ourselves bears no signature; the host's daemon checks all the same unless it trusts the login.
    withoutSignatureCheck: true,
    emit,
    signal,
  });
  if (options.action !== 'push') await activate(host, options.action, options);
}

async function activate(host: PlannedHost, action: SwitchAction, options: DeployHostOptions): Promise<void> {
  const { emit, ssh, signal } = options;
  const asRoot = (await loginUser(host.target, ssh, signal)) === 'root';
  const commands = activationCommands(host.toplevel, action, asRoot);
  const run = (words: readonly string[]): Promise<number | null> =>
    remoteRun(words, {
      target: host.target,
      ssh,
      signal,
      timeoutMs: options.activationTimeoutMs,
      onLine: (line) => emit({ type: 'host.log', host: host.name, line }),
    });
  if (commands.setProfile !== undefined) {
    options.onPhase('setting-profile');
    const failure = profileFailure(host.name, await run(commands.setProfile));
    if (failure !== undefined) throw failure;
  }
  options.onPhase('activating');
  const failure = activationFailure(host.name, action, await run(commands.activate));
  if (failure !== undefined) throw failure;
}
