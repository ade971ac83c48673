/** What differs between two systems as lines: packages, units, sizes, and what is not known of it. Pure. */

import type { ChangedPackage } from '../../deploy/diff/diff-closures.ts';
import type { UnitDiff } from '../../deploy/diff/diff-units.ts';
import type { ClosureChange } from '../../deploy/diff/host-diff.ts';
import { printable } from '../../util/printable.ts';

export interface ShownChanges {
  readonly closure: Pick<ClosureChange, 'packages' | 'rebuilt'> | undefined;
  readonly units: UnitDiff | undefined;
  /** Whole lines. */
  readonly sizes: readonly string[];
  readonly unknown: readonly string[];
}

const signs: Readonly<Record<ChangedPackage['change'], string>> = {
  added: '+',
  removed: '-',
  up: 'U',
  down: 'D',
  changed: '*',
};

export function renderChanges({ closure, units, sizes, unknown }: ShownChanges): readonly string[] {
  return [
    ...(closure === undefined ? [] : packageLines(closure)),
    ...(units === undefined ? [] : unitLines(units)),
    ...sizes,
    ...unknown.map((text) => `not known: ${text}`),
  ].map((line) => printable(`  ${line}`));
}

function packageLines({ packages, rebuilt }: Pick<ClosureChange, 'packages' | 'rebuilt'>): readonly string[] {
  const width = Math.max(0, ...packages.map((one) => one.name.length));
  return [
    ...packages.map((one) => `${signs[one.change]} ${one.name.padEnd(width)}  ${versions(one)}`.trimEnd()),
    ...(packages.length === 0 ? ['no versions change'] : []),
    ...(rebuilt === 0 ? [] : [`${rebuilt} more with the same versions, built anew`]),
  ];
}

function versions({ before, after }: ChangedPackage): string {
  const text = (list: readonly string[]): string => list.map((version) => version || '(none)').join(', ');
  if (before.length === 0) return text(after.filter((version) => version !== ''));
  if (after.length === 0) return text(before.filter((version) => version !== ''));
  return `${text(before)} → ${text(after)}`;
}

function unitLines({ added, removed, changed }: UnitDiff): readonly string[] {
  const line = (word: string, names: readonly string[]): readonly string[] =>
    names.length === 0 ? [] : [`units ${word}: ${names.join(' ')}`];
  return [...line('changed', changed), ...line('added', added), ...line('removed', removed)];
}
