/**
 * Carries out the plan of a deployment: one host after the other, in the plan's order, and no further host once one
 * has failed. Everything that goes wrong on a host becomes that host's outcome; only an interruption is thrown.
 */

import type { Emit, HostPhase } from '../events/event.ts';
import type { SshSettings } from '../process/ssh.ts';
import type { Store } from '../store/store.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { checkSshTarget } from './check-ssh-target.ts';
import { deployHost } from './deploy-host.ts';
import type { DeployPlan, HostOutcome, PlannedHost } from './deploy-plan.ts';
import { phaseWords } from './phase-words.ts';

export interface DeployHostsOptions {
  /** The local store, which holds all that is deployed. */
  readonly store: Store;
  readonly ssh: SshSettings;
  readonly emit: Emit;
  readonly signal?: AbortSignal | undefined;
  /** Setting the profile and activating, each, on each host. Default: no limit. */
  readonly activationTimeoutMs?: number | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** One outcome per host of the plan, in its order. Throws only `interrupted`. */
export async function deployHosts(
  plan: DeployPlan,
  options: DeployHostsOptions,
): Promise<readonly HostOutcome[]> {
  const outcomes: HostOutcome[] = [];
  let failed: string | undefined;
  for (const host of plan.hosts) {
    const reason = skipReason(host, failed, options.signal);
    if (reason !== undefined) {
      options.emit({ type: 'host.skipped', host: host.name, reason });
      outcomes.push({ host: host.name, result: 'skipped', reason });
      continue;
    }
    const outcome = await attempt(plan, host, options);
    if (outcome.result === 'failed') failed = host.name;
    outcomes.push(outcome);
  }
  if (options.signal?.aborted) {
    const done = outcomes.filter((outcome) => outcome.result === 'deployed').map(({ host }) => host);
    throw new AppError(
      'interrupted',
      `the deployment was interrupted; done before that: ${done.join(', ') || 'no host'}`,
    );
  }
  return outcomes;
}

function skipReason(
  host: PlannedHost,
  failed: string | undefined,
  signal: AbortSignal | undefined,
): string | undefined {
  // Morph's own words, which people grep for.
  if (host.buildOnly) return `Deployment steps are disabled for build-only host: ${host.name}`;
  if (signal?.aborted) return 'the deployment was interrupted before';
  return failed === undefined ? undefined : `not touched, because ${failed} failed before`;
}

async function attempt(
  plan: DeployPlan,
  host: PlannedHost,
  options: DeployHostsOptions,
): Promise<HostOutcome> {
  const { emit, now = Date.now } = options;
  const started = now();
  let phase: HostPhase = 'connecting';
  emit({ type: 'host.started', host: host.name, toplevel: host.toplevel, action: plan.action });
  try {
    checkSshTarget(host.name, host.target);
    await deployHost(host, {
      ...options,
      action: plan.action,
      onPhase: (next) => {
        phase = next;
        emit({ type: 'host.phase', host: host.name, phase });
      },
    });
  } catch (error) {
    const message = options.signal?.aborted ? `interrupted while ${phaseWords[phase]}` : errorMessage(error);
    emit({ type: 'host.failed', host: host.name, phase, message });
    return { host: host.name, result: 'failed', message };
  }
  emit({ type: 'host.done', host: host.name, durationMs: now() - started });
  return { host: host.name, result: 'deployed' };
}
