/** How a host stands against what it should run. Pure. */

import type { HostFacts } from '../session/host-facts.ts';

/** What it should run, as far as that is known. */
export interface Desired {
  /** What was built for it last. */
  readonly built: string | undefined;
  /** What it was given last with success. */
  readonly deployed: string | undefined;
  readonly lastRollout: string | undefined;
}

export type Asked =
  | { readonly reachable: true; readonly facts: HostFacts }
  /** In words. */
  | { readonly reachable: false; readonly why: string };

/**
 * `current`: runs what was built last. `behind`: runs what it was given last, and something newer was built. `drifted`: runs
 * something that no rollout gave it, such as after a manual switch. `unknown`: nothing is known to compare with.
 */
export type Standing = 'current' | 'behind' | 'drifted' | 'unknown' | 'unreachable';

export interface HostStatus {
  readonly host: string;
  readonly standing: Standing;
  readonly desired: string | undefined;
  readonly current: string | undefined;
  readonly booted: string | undefined;
  readonly profile: string | undefined;
  readonly needsReboot: boolean;
  /** The next boot brings something else than what runs. */
  readonly bootsOther: boolean;
  readonly failedUnits: readonly string[];
  readonly lastRollout: string | undefined;
  /** Of a rollout that is under way there. */
  readonly activation: string | undefined;
  readonly why: string | undefined;
}

export function hostStatus(
  host: string,
  asked: Asked,
  { built, deployed, lastRollout }: Desired,
): HostStatus {
  const desired = built ?? deployed;
  if (!asked.reachable) {
    return {
      host,
      standing: 'unreachable',
      desired,
      current: undefined,
      booted: undefined,
      profile: undefined,
      needsReboot: false,
      bootsOther: false,
      failedUnits: [],
      lastRollout,
      activation: undefined,
      why: asked.why,
    };
  }
  const { current, booted, profile, needsReboot, failedUnits = [], activation } = asked.facts;
  return {
    host,
    standing: standingOf(current, built, deployed),
    desired,
    current,
    booted,
    profile,
    needsReboot,
    bootsOther: profile !== undefined && current !== undefined && profile !== current,
    failedUnits,
    lastRollout,
    activation: activation && `${activation.rollout}: ${activation.state}`,
    why: undefined,
  };
}

function standingOf(
  current: string | undefined,
  built: string | undefined,
  deployed: string | undefined,
): Standing {
  if (current !== undefined && current === built) return 'current';
  if (deployed === undefined) return built === undefined ? 'unknown' : 'behind';
  if (current !== deployed) return 'drifted';
  return built === undefined ? 'current' : 'behind';
}
