/** Which system a host goes back to when somebody asks for it, of those that its profile still has. Pure. */

import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { HostFacts } from '../session/host-facts.ts';

/**
 * Without `generation` the newest one that is older than the profile's and another system than what runs. Throws
 * `rollout.no-generation`.
 */
export function rollbackTarget(host: string, facts: HostFacts, generation?: number): StorePath {
  const newestFirst = facts.generations.toSorted((a, b) => b.number - a.number);
  const found = newestFirst.find(({ number, path }) =>
    generation === undefined
      ? number < (facts.generation ?? Number.POSITIVE_INFINITY) && path !== (facts.current ?? facts.profile)
      : number === generation,
  );
  if (found !== undefined) return found.path;
  const there = newestFirst.map(({ number }) => number).join(', ') || 'none';
  const wanted = generation === undefined ? 'an older one with another system' : `generation ${generation}`;
  throw new AppError(
    'rollout.no-generation',
    `${host}: wanted ${wanted}; its system profile is at generation ${facts.generation ?? '?'} and has: ${there}`,
  );
}
