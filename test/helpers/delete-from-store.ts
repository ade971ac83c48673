/** Takes paths out of the store, as soon as the cache lets go of what it has just sent: a moment later. */

import { setTimeout as pause } from 'node:timers/promises';
import { runProcess } from '../../src/process/run-process.ts';

const tries = 50;
const betweenMs = 100;

/** `extra`: further arguments of `nix-store`. Throws with what it says. */
export async function deleteFromStore(
  paths: readonly string[],
  extra: readonly string[] = [],
): Promise<void> {
  for (let left = tries; ; left -= 1) {
    const { code, stderr } = await runProcess(['nix-store', '--delete', ...paths, ...extra], {
      okCodes: [0, 1],
    });
    if (code === 0) return;
    if (left === 0 || !stderr.includes('still alive')) throw new Error(stderr);
    await pause(betweenMs);
  }
}
