/**
 * Cuts the hosts of a rollout, in their order, into waves: a canary first, then by size or by tag. Only hosts that are
 * deployed to count; those that are only built stand in the wave of their neighbours. Pure.
 */

import { AppError } from '../../util/app-error.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import type { WaveSize } from './parse-wave-sizes.ts';

export interface WaveRequest {
  /** So many hosts alone before all others. */
  readonly canary?: number | undefined;
  /** What is left over is a last wave. */
  readonly sizes?: readonly WaveSize[] | undefined;
  /** One wave per tag, of the hosts that have it and none before it; hosts with none of them last. */
  readonly byTag?: readonly string[] | undefined;
}

type Member = Pick<PlannedHost, 'name' | 'tags' | 'buildOnly'>;

/** Names of hosts, wave by wave; without a request it is one wave. Throws `usage.invalid`. */
export function formWaves(hosts: readonly Member[], request: WaveRequest): readonly (readonly string[])[] {
  const { canary, sizes, byTag } = request;
  if (sizes !== undefined && byTag !== undefined) {
    throw new AppError('usage.invalid', 'waves are formed by size or by tag, not both');
  }
  const [first, others] = canary === undefined ? [[], hosts] : take(hosts, canary);
  const waves = byTag === undefined ? bySize(others, sizes ?? [], hosts) : inGroups(others, byTag);
  return [first, ...waves].filter((wave) => wave.length > 0).map((wave) => wave.map(({ name }) => name));
}

function bySize(
  hosts: readonly Member[],
  sizes: readonly WaveSize[],
  all: readonly Member[],
): readonly (readonly Member[])[] {
  const total = all.filter(({ buildOnly }) => !buildOnly).length;
  const waves: (readonly Member[])[] = [];
  let rest = hosts;
  for (const size of sizes) {
    const [wave, left] = take(rest, countOf(size, total));
    waves.push(wave);
    rest = left;
  }
  return [...waves, rest];
}

function countOf(size: WaveSize, total: number): number {
  if (size.type === 'rest') return total;
  return size.type === 'count' ? size.count : Math.max(1, Math.ceil((total * size.percent) / 100));
}

/** The first so many hosts that are deployed to, with those between them; all when no other one is left to come. */
function take(hosts: readonly Member[], count: number): [readonly Member[], readonly Member[]] {
  const deployed = hosts.flatMap(({ buildOnly }, index) => (buildOnly ? [] : [index]));
  const next = deployed[count];
  return next === undefined ? [hosts, []] : [hosts.slice(0, next), hosts.slice(next)];
}

function inGroups(hosts: readonly Member[], tags: readonly string[]): readonly (readonly Member[])[] {
  const rank = ({ tags: own }: Member): number => {
    const index = tags.findIndex((tag) => own.includes(tag));
    return index === -1 ? tags.length : index;
  };
  const groups: Member[][] = [];
  let last: number | undefined;
  for (const host of hosts) {
    if (rank(host) === last) groups.at(-1)?.push(host);
    else groups.push([host]);
    last = rank(host);
  }
  return groups;
}
