/**
 * Our way to do the steps of a host: one login for all of it, the host's lock for as long as we work on it, its closure
 * over the worker protocol, and activation under a supervisor that lives on the host.
 *
 * `begin` opens the session and takes the lock; both last until the steps are disposed of. The signs of life that hold
 * the lock are also what a confirmed host waits for until it is kept: if we die in between, it goes back by itself.
 */

import type { Emit } from '../../events/event.ts';
import type { StorePath } from '../../nix/store-path.ts';
import type { SshSettings } from '../../process/ssh.ts';
import { activateHost } from '../activation/activate-host.ts';
import { confirmHost } from '../activation/confirm-host.ts';
import { keepHost } from '../activation/keep-host.ts';
import { type HostLock, lockHost } from '../activation/lock-host.ts';
import { rebootHost } from '../activation/reboot-host.ts';
import { rollBackHost } from '../activation/roll-back-host.ts';
import { runChecks } from '../checks/run-checks.ts';
import { buildOnHost } from '../copy/build-on-host.ts';
import type { FleetCopier } from '../copy/create-fleet-copier.ts';
import { throughCuts } from '../copy/through-cuts.ts';
import type { PlannedHost, RolloutPolicy } from '../deploy-plan.ts';
import { findHostDiff } from '../diff/find-host-diff.ts';
import type { SecretMemory } from '../secrets/secret-memory.ts';
import { uploadSecrets } from '../secrets/upload-secrets.ts';
import type { HostSession } from '../session/host-session.ts';
import { openHostSession } from '../session/open-host-session.ts';
import type { HostSteps, OpenHostSteps, StepOptions } from './host-steps.ts';

export interface OwnStepsOptions {
  readonly ssh: SshSettings;
  readonly policy: RolloutPolicy;
  /** Shared by all hosts. */
  readonly copier: FleetCopier;
  readonly secretMemory: SecretMemory;
  readonly emit: Emit;
  /** Of sudo, for logins that are not root's; asked only where sudo wants one. */
  readonly password?: (() => Promise<string>) | undefined;
  /** Upload also secrets that are in place already. */
  readonly forceSecrets?: boolean | undefined;
  /** For rollouts that only push, which logins without root's rights may do as well. */
  readonly withoutLock?: boolean | undefined;
}

const longestBeatMs = 5000;
const shortestBeatMs = 250;

export function ownSteps(deps: OwnStepsOptions): OpenHostSteps {
  return (host, rollout) => createSteps(deps, host, rollout);
}

function createSteps(deps: OwnStepsOptions, host: PlannedHost, rollout: string): HostSteps {
  const { policy, emit } = deps;
  const { toplevel, build } = host;
  let opened: HostSession | undefined;
  let gone = new AbortController();
  let arrival = Promise.withResolvers<void>();
  let lock: HostLock | undefined;
  const session = (): HostSession => {
    if (opened === undefined) throw new Error(`${host.name}: a step came before begin`);
    return opened;
  };
  const check = (kind: 'pre-deploy' | 'health', options: StepOptions): Promise<void> =>
    runChecks(kind === 'health' ? host.healthChecks : host.preDeployChecks, {
      host: host.target.host,
      name: host.name,
      kind,
      runCommand: (words, { signal, onLine }) => {
        // As Morph does: sudo in our form, and none where the login is root's.
        const asRoot = words[0] === 'sudo';
        return session().run(asRoot ? words.slice(1) : words, { signal, onLine, asRoot });
      },
      timeoutSeconds: policy.checkTimeout,
      signal: options.signal,
      emit,
    });
  const close = async (): Promise<void> => {
    gone.abort();
    await lock?.[Symbol.asyncDispose]();
    await opened?.[Symbol.asyncDispose]();
    lock = undefined;
    opened = undefined;
  };

  return {
    async begin(options) {
      // A second time, where the first one was cut off.
      await close();
      gone = new AbortController();
      arrival = Promise.withResolvers();
      opened = await openHostSession(host, {
        ssh: deps.ssh,
        signal: options.signal,
        password: deps.password,
      });
      const beatMs = Math.min(Math.max((policy.confirmTimeout * 1000) / 4, shortestBeatMs), longestBeatMs);
      if (!deps.withoutLock) lock = await lockHost(opened, { rollout, beatMs }, options);
      return opened.facts;
    },
    preDeployChecks: (options) => check('pre-deploy', options),
    async copy(options) {
      const { copier } = deps;
      const copied = await throughCuts(
        session(),
        (within) =>
          build === undefined
            ? copier.copy(session(), { roots: [toplevel], substitute: host.substitute }, within)
            : buildOnHost(session(), { ...build, toplevel }, copier, within),
        { ...options, emit },
      );
      arrival.resolve();
      return copied;
    },
    secrets: (phase, options) =>
      uploadSecrets(session(), host, { phase, memory: deps.secretMemory, force: deps.forceSecrets }, options),
    activate: (action, options) =>
      activateHost(
        session(),
        {
          rollout,
          toplevel,
          action,
          confirmTimeout: policy.confirmTimeout,
          activationTimeout: policy.activationTimeout,
          rollBack: policy.rollBack,
        },
        options,
      ),
    confirm: (options) => confirmHost(session(), { rollout, confirmTimeout: policy.confirmTimeout }, options),
    healthChecks: (options) => check('health', options),
    keep: (options) => keepHost(session(), { rollout, toplevel }, options),
    reboot: (options) => rebootHost(session(), { rollout, rebootTimeout: policy.rebootTimeout }, options),
    diff: async (before, options) => {
      const closureOf = (path: StorePath) => deps.copier.closureOf(path);
      const request = { before, after: toplevel, closureOf, arrival: arrival.promise, gone: gone.signal };
      return findHostDiff(session(), request, options);
    },
    rollBack: (options) =>
      rollBackHost(session(), { rollout, activationTimeout: policy.activationTimeout }, options),
    [Symbol.asyncDispose]: close,
  };
}
