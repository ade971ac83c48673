import type { KeptSource } from '../extras/create-extras.ts';
import type { KeptExtras } from './kept-extras.ts';

/** What one cache keeps beside paths. */
export function keptSource(
  kept: Pick<KeptExtras, 'realisation' | 'withBuildId'>,
  cacheId: number,
): KeptSource {
  return {
    realisation: (kind, name) => kept.realisation(cacheId, kind, name),
    withBuildId: (buildId) => kept.withBuildId(cacheId, buildId),
  };
}
