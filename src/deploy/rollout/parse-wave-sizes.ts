/** Sizes of waves as they are written: numbers of hosts, percentages of all hosts, `rest`; e.g. `1,10%,50%,rest`. */

import { AppError } from '../../util/app-error.ts';

export type WaveSize =
  | { readonly type: 'count'; readonly count: number }
  | { readonly type: 'percent'; readonly percent: number }
  | { readonly type: 'rest' };

/** Throws `usage.invalid`. */
export function parseWaveSizes(text: string): readonly WaveSize[] {
  const words = text.split(',').map((word) => word.trim());
  return words.map((word, index) => {
    const count = Number(/^(\d+)%?$/.exec(word)?.[1]);
    const isPercent = word.endsWith('%');
    if (word === 'rest' && index === words.length - 1) return { type: 'rest' };
    if (Number.isSafeInteger(count) && count >= 1 && !(isPercent && count > 100)) {
      return isPercent ? { type: 'percent', percent: count } : { type: 'count', count };
    }
    const last = word === 'rest' ? ', which comes last' : '';
    throw new AppError(
      'usage.invalid',
      `wanted the sizes of waves, such as 1,10%,50%,rest: numbers of hosts or percentages from 1% to 100%; got '${word}'${last}`,
    );
  });
}
