/** The flags that say how a rollout goes, and the policy and waves that they ask for. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RolloutPolicy } from '../../deploy/deploy-plan.ts';
import { defaultPolicy } from '../../deploy/rollout/default-policy.ts';
import type { WaveRequest } from '../../deploy/rollout/form-waves.ts';
import { parseWaveSizes } from '../../deploy/rollout/parse-wave-sizes.ts';
import { parseWindow } from '../../deploy/rollout/rollout-window.ts';
import { AppError } from '../../util/app-error.ts';
import { collect } from '../network-options.ts';
import { parseSpan } from './parse-span.ts';

export interface RolloutFlags {
  readonly parallel?: number;
  readonly maxUnavailable?: number;
  readonly failureBudget?: number;
  readonly waves?: string;
  readonly canary?: number;
  readonly wavesByTag?: boolean;
  readonly soak?: number;
  readonly window?: readonly string[];
  readonly unreachable?: RolloutPolicy['unreachable'];
  readonly queueFor?: number;
  /** False with `--no-rollback`. */
  readonly rollback?: boolean;
  readonly confirmTimeout?: number;
  readonly timeout?: number;
  readonly activationTimeout?: number;
  readonly rebootTimeout?: number;
}

/** Flags of who goes when: also a push has them. */
export function withOrderFlags(command: Command): Command {
  return command
    .option('--parallel <n>', 'hosts that are worked on at the same time (default: 1)', atLeast(1))
    .option(
      '--failure-budget <n>',
      'hosts that may fail before no further one is begun (default: 0)',
      atLeast(0),
    )
    .option('--waves <sizes>', 'one part of the hosts after the other, e.g. 1,10%,50%,rest')
    .option('--canary <n>', 'so many hosts alone before all others', atLeast(1))
    .option('--waves-by-tag', 'a wave for each tag that hosts are ordered by')
    .option('--soak <time>', 'wait after each wave, e.g. 10m', span)
    .option('--window <times>', "begin hosts only then, e.g. 'Mon-Fri 22:00-06:00'; may be repeated", collect)
    .addOption(
      new Option(
        '--unreachable <what>',
        'what becomes of hosts that cannot be reached (default: fail)',
      ).choices(['fail', 'skip', 'queue']),
    )
    .option(
      '--queue-for <time>',
      'how long those of --unreachable queue are tried again (default: 1h)',
      span,
    );
}

/** Flags of what is done on a host. */
export function withActivationFlags(command: Command): Command {
  return command
    .option(
      '--max-unavailable <n>',
      'hosts that are being activated and checked at the same time',
      atLeast(1),
    )
    .option('--no-rollback', 'leave hosts as they are when their activation or their health checks fail')
    .option(
      '--confirm-timeout <time>',
      'a host goes back by itself when it hears nothing for so long (default: 30s)',
      span,
    )
    .option('--timeout <time>', 'longest time for the checks of a host (default: no limit)', span)
    .option('--activation-timeout <time>', 'longest time for an activation (default: no limit)', span)
    .option('--reboot-timeout <time>', 'longest time for a reboot (default: 10m)', span);
}

export function policyOf(flags: RolloutFlags): RolloutPolicy {
  const { queueFor = 3600, unreachable = defaultPolicy.unreachable } = flags;
  return {
    parallel: flags.parallel ?? defaultPolicy.parallel,
    maxUnavailable: flags.maxUnavailable ?? defaultPolicy.maxUnavailable,
    failureBudget: flags.failureBudget ?? defaultPolicy.failureBudget,
    soak: flags.soak ?? defaultPolicy.soak,
    unreachable,
    queueFor: unreachable === 'queue' ? queueFor : 0,
    rollBack: flags.rollback ?? defaultPolicy.rollBack,
    activationTimeout: flags.activationTimeout ?? defaultPolicy.activationTimeout,
    confirmTimeout: flags.confirmTimeout ?? defaultPolicy.confirmTimeout,
    checkTimeout: flags.timeout ?? defaultPolicy.checkTimeout,
    rebootTimeout: flags.rebootTimeout ?? defaultPolicy.rebootTimeout,
    windows: (flags.window ?? []).map(parseWindow),
  };
}

/** `orderingTags`: those by which the hosts are in order. Throws `usage.invalid`. */
export function wavesOf(flags: RolloutFlags, orderingTags: readonly string[]): WaveRequest {
  if (flags.wavesByTag && orderingTags.length === 0) {
    throw new AppError(
      'usage.invalid',
      '--waves-by-tag needs tags that hosts are ordered by: network.ordering.tags in the network file, or --order-by-tags',
    );
  }
  return {
    canary: flags.canary,
    sizes: flags.waves === undefined ? undefined : parseWaveSizes(flags.waves),
    byTag: flags.wavesByTag ? orderingTags : undefined,
  };
}

function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`wanted a whole number of at least ${least}, got '${text}'.`);
  };
}

function span(text: string): number {
  const seconds = parseSpan(text);
  if (seconds !== undefined) return seconds;
  throw new InvalidArgumentError(`wanted a time such as 90, 90s, 10m, 2h or 1d, got '${text}'.`);
}
