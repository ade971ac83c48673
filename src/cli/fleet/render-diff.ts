/** What differs between two systems, for people. Pure. */

import type { ChangedPackage, ClosureDiff } from '../../deploy/diff/diff-closures.ts';
import type { UnitDiff } from '../../deploy/diff/diff-units.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { printable } from '../../util/printable.ts';

export interface SystemDiff extends ClosureDiff {
  /** Of the host, or what else is compared. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** What would have to be sent; undefined: nobody was asked. */
  readonly copy: { readonly paths: number; readonly bytes: number } | undefined;
  readonly units: UnitDiff | undefined;
}

const signs: Readonly<Record<ChangedPackage['change'], string>> = {
  added: '+',
  removed: '-',
  up: 'U',
  down: 'D',
  changed: '*',
};

export function renderDiff(diff: SystemDiff): readonly string[] {
  const { name, before, after, packages, rebuilt, units, copy } = diff;
  const head = [`${name}: ${before}`, `${' '.repeat(name.length)}→ ${after}`];
  if (before === after) return [`${name}: nothing changes: ${after}`];
  const width = Math.max(0, ...packages.map((one) => one.name.length));
  const { bytesBefore, bytesAfter, newPaths, newBytes } = diff;
  const grows = bytesAfter >= bytesBefore ? '+' : '-';
  const sending = copy ?? { paths: newPaths, bytes: newBytes };
  return [
    ...head,
    ...packages.map((one) => `  ${signs[one.change]} ${one.name.padEnd(width)}  ${versions(one)}`.trimEnd()),
    ...(packages.length === 0 ? ['  no versions change'] : []),
    ...(rebuilt.length === 0 ? [] : [`  ${rebuilt.length} more with the same versions, built anew`]),
    ...(units === undefined ? [] : unitLines(units)),
    `  closure ${formatBytes(bytesAfter)} (${grows}${formatBytes(Math.abs(bytesAfter - bytesBefore))})`,
    `  ${copy === undefined ? 'new' : 'to copy'}: ${sending.paths} paths, ${formatBytes(sending.bytes)}`,
  ].map(printable);
}

function versions({ before, after }: ChangedPackage): string {
  const text = (list: readonly string[]): string => list.map((version) => version || '(none)').join(', ');
  if (before.length === 0) return text(after.filter((version) => version !== ''));
  if (after.length === 0) return text(before.filter((version) => version !== ''));
  return `${text(before)} → ${text(after)}`;
}

function unitLines({ added, removed, changed }: UnitDiff): readonly string[] {
  const line = (word: string, names: readonly string[]): readonly string[] =>
    names.length === 0 ? [] : [`  units ${word}: ${names.join(' ')}`];
  return [...line('changed', changed), ...line('added', added), ...line('removed', removed)];
}
