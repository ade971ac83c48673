/** The output limit: how large the NAR of each output of a step may be. */

import type { PathInfo } from '../store/store.ts';
import { formatBytes } from '../util/format-bytes.ts';
import type { Verdict } from './step-failure.ts';

/** The verdict over a step with an output that is larger, if there is one. */
export function tooLarge(
  infos: Iterable<PathInfo>,
  limit: number | undefined,
): Extract<Verdict, { ok: false }> | undefined {
  if (limit === undefined) return undefined;
  for (const { path, narSize } of infos) {
    if (narSize <= limit) continue;
    const message = `the output ${path} has ${formatBytes(narSize)}, where ${formatBytes(limit)} are allowed`;
    return { ok: false, reason: 'output-limit', message };
  }
  return undefined;
}
