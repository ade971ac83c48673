/** Why a build is not building, as a sentence for people. */

import type { WaitReason } from '../../build/scheduler.ts';
import { storeDir } from '../../nix/store-path.ts';
import { formatDuration } from '../../util/format-duration.ts';

export function explainWait(
  reason: WaitReason | { readonly type: 'finished'; readonly status: number },
  now: number,
): string {
  switch (reason.type) {
    case 'finished':
      return reason.status === 0 ? 'It is finished, and succeeded.' : 'It is finished, and did not succeed.';
    case 'not-planned':
      return `Its derivations have not been looked at yet; ${comeFirst(reason.ahead, 'build')}.`;
    case 'running': {
      const steps = reason.steps.map(({ drvPath, builder }) => `${nameOf(drvPath)} on ${builder}`);
      return `Being built for it: ${listed(steps)}.`;
    }
    case 'dependencies':
      return `It waits for ${count(reason.left, 'step')} that it needs; the next begins in a moment.`;
    case 'no-free-slot':
      return `All builders that could take it are busy (${listed(reason.builders)}); ${comeFirst(reason.ahead, 'step')}.`;
    case 'builders-avoided': {
      const builders = reason.builders.map(
        ({ name, until, why }) =>
          `${name} for another ${formatDuration(Math.max(0, until - now))}, because ${why}`,
      );
      return `The builders that could take it were lost and are being avoided: ${listed(builders)}.`;
    }
    case 'builders-drained':
      return `The builders that could take it are drained: ${listed(reason.builders)}.`;
    case 'no-builder':
      return (
        `No builder can take it: ${reason.why}.` +
        (reason.failsAt === null
          ? ''
          : ` It fails in ${formatDuration(Math.max(0, reason.failsAt - now))} when that does not change.`)
      );
    case 'unknown-build':
      return 'The scheduler does not know it yet.';
  }
}

const shown = 5;

function listed(items: readonly string[]): string {
  const rest = items.length - shown;
  return items.slice(0, shown).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function comeFirst(number: number, noun: string): string {
  return `${count(number, noun)} ${number === 1 ? 'comes' : 'come'} first`;
}

function nameOf(drvPath: string): string {
  return drvPath.slice(storeDir.length + 34).replace(/\.drv$/, '');
}
