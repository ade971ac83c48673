/** What differs between two systems, for people. Pure. */

import type { ClosureDiff } from '../../deploy/diff/diff-closures.ts';
import type { UnitDiff } from '../../deploy/diff/diff-units.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { renderChanges } from './render-changes.ts';

export interface SystemDiff extends ClosureDiff {
  /** Of the host, or what else is compared. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** What would have to be sent; undefined: nobody was asked. */
  readonly copy: { readonly paths: number; readonly bytes: number } | undefined;
  readonly units: UnitDiff | undefined;
}

export function renderDiff(diff: SystemDiff): readonly string[] {
  const { name, before, after, packages, rebuilt, units, copy } = diff;
  if (before === after) return [`${name}: nothing changes: ${after}`];
  const { bytesBefore, bytesAfter, newPaths, newBytes } = diff;
  const grows = bytesAfter >= bytesBefore ? '+' : '-';
  const sending = copy ?? { paths: newPaths, bytes: newBytes };
  const sizes = [
    `closure ${formatBytes(bytesAfter)} (${grows}${formatBytes(Math.abs(bytesAfter - bytesBefore))})`,
    `${copy === undefined ? 'new' : 'to copy'}: ${sending.paths} paths, ${formatBytes(sending.bytes)}`,
  ];
  return [
    `${name}: ${before}`,
    `${' '.repeat(name.length)}→ ${after}`,
    ...renderChanges({ closure: { packages, rebuilt: rebuilt.length }, units, sizes, unknown: [] }),
  ];
}
