/** What changes on a host, in a few words: for tables of many hosts. Pure. */

import type { PackageChange } from '../../deploy/diff/diff-closures.ts';
import type { HostDiff } from '../../deploy/diff/host-diff.ts';
import { formatBytes } from '../../util/format-bytes.ts';

const words: readonly (readonly [PackageChange, string])[] = [
  ['up', 'up'],
  ['down', 'down'],
  ['changed', 'other'],
  ['added', 'new'],
  ['removed', 'gone'],
];

/** `12 up, 1 new; 3 units; +4.0 MiB`. `''` where nothing is known. */
export function changesInShort(diff: HostDiff | undefined): string {
  if (diff === undefined) return '';
  if (diff.before === diff.after) return 'nothing';
  const { closure, units } = diff;
  const packages = words.flatMap(([change, word]) => {
    const count = closure?.packages.filter((one) => one.change === change).length ?? 0;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  const unitCount = units === undefined ? 0 : Object.values(units).flat().length;
  const parts = [
    ...(packages.length === 0 ? [] : [packages.join(', ')]),
    ...(packages.length === 0 && closure !== undefined ? ['no versions'] : []),
    ...(unitCount === 0 ? [] : [unitCount === 1 ? '1 unit' : `${unitCount} units`]),
    ...(closure === undefined ? [] : sizeOf(closure.bytesAfter - closure.bytesBefore)),
  ];
  return parts.length === 0 ? 'not known' : parts.join('; ');
}

function sizeOf(bytes: number): readonly string[] {
  if (bytes === 0) return [];
  return [`${bytes > 0 ? '+' : '-'}${formatBytes(Math.abs(bytes))}`];
}
