/** Which hosts a command is about, and in what order: Morph's selectors (deploy reference §1.7). */

import { AppError } from '../util/app-error.ts';
import { hostExpression } from './host-expression.ts';
import type { HostMetadata, NetworkMetadata } from './network.ts';

export interface Selectors {
  /** Patterns for names and tags (`host-expression.ts`). Default: every host. */
  readonly on?: string | undefined;
  /** Tags separated by commas; a host must have all of them. */
  readonly tagged?: string | undefined;
  /** Keeps hosts 0, n, 2n … of those left after `skip`. */
  readonly every?: number | undefined;
  readonly skip?: number | undefined;
  /** 0 or less is no limit. */
  readonly limit?: number | undefined;
  /** Tags separated by commas, instead of the network's own ordering. */
  readonly orderByTags?: string | undefined;
}

export interface Selection {
  readonly selected: readonly HostMetadata[];
  /** Hosts in the network. */
  readonly total: number;
  /** Hosts left by `on`. */
  readonly afterName: number;
}

/** Name, then tags, then order, then skip, every and limit. Throws `usage.invalid`. */
export function selectHosts(network: NetworkMetadata, selectors: Selectors): Selection {
  const { on = '*', tagged = '', every = 1, skip = 0, limit = 0, orderByTags = '' } = selectors;
  wantWhole('--every', every, 1);
  wantWhole('--skip', skip, 0);
  const named = network.hosts.filter(hostExpression(on));
  const wanted = tagged === '' ? [] : tagged.split(',');
  const withTags = named.filter(({ tags }) => wanted.every((tag) => tags.includes(tag)));
  const ordered = orderHosts(withTags, orderByTags === '' ? network.orderingTags : orderByTags.split(','));
  const spaced = ordered.slice(skip).filter((_, index) => index % every === 0);
  return {
    selected: limit > 0 ? spaced.slice(0, limit) : spaced,
    total: network.hosts.length,
    afterName: named.length,
  };
}

/** Hosts with the first tag first, and so on; hosts with none of them last. Otherwise the order stays. */
function orderHosts(hosts: readonly HostMetadata[], tags: readonly string[]): readonly HostMetadata[] {
  const rank = ({ tags: own }: HostMetadata): number => {
    const index = tags.findIndex((tag) => own.includes(tag));
    return index === -1 ? tags.length : index;
  };
  return hosts.toSorted((a, b) => rank(a) - rank(b));
}

function wantWhole(flag: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new AppError('usage.invalid', `${flag} must be a whole number of at least ${least}, got ${value}`);
}
