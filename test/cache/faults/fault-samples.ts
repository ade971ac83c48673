/** What a round of the fault tests puts into the cache: some paths out of a store, and some that are uploaded. */

import { type SampleUpload, sampleUpload } from '../../../src/cache/testing/test-site.ts';
import { createRandom } from '../../chaos/random.ts';

export const cacheName = 'team';
/** Between rounds so much time passes that what an earlier one has put there is let go, file and all. */
export const roundMs = 10_000_000;
export const graceMs = 5_000_000;
/** When the first round begins: after the time at which files are made. */
export const firstAt = Date.UTC(2030, 0, 1);

export interface RoundSamples {
  readonly built: readonly SampleUpload[];
  readonly uploaded: readonly SampleUpload[];
}

/** The same for the same round; each refers to the one before. */
export function samplesOf(round: number): RoundSamples {
  const random = createRandom(round + 1);
  const chain = (kind: string, sizes: readonly number[]): readonly SampleUpload[] => {
    const samples: SampleUpload[] = [];
    for (const [n, size] of sizes.entries()) {
      const last = samples.at(-1)?.path;
      const text = `${last ?? ''} ${Array.from({ length: size }, () => random.between(1e8, 1e9)).join('')}`;
      samples.push(sampleUpload(`${kind}${n}-of-${round}`, last === undefined ? [] : [last], { text }));
    }
    return samples;
  };
  return { built: chain('built', [20, 60_000, 500]), uploaded: chain('uploaded', [20, 60_000, 500]) };
}
