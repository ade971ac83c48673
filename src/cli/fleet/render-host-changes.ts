/**
 * What changes on the hosts of a rollout, for people. Hosts on which the same changes are told of once: in a fleet of a
 * hundred that is mostly all of them. Pure.
 */

import type { ClosureChange, HostDiff } from '../../deploy/diff/host-diff.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { renderChanges } from './render-changes.ts';

export interface ChangedHost {
  readonly host: string;
  /** Undefined: not known, or not yet. */
  readonly diff: HostDiff | undefined;
}

const mostNames = 8;

export function renderHostChanges(hosts: readonly ChangedHost[]): readonly string[] {
  const groups = Object.values(Object.groupBy(hosts, ({ diff }) => sameness(diff)));
  return groups.flatMap((group = []) => {
    const [first] = group;
    if (first === undefined) return [];
    const { diff } = first;
    const names = group.map(({ host }) => host);
    const who = names.slice(0, mostNames).join(', ');
    const all = names.length > mostNames ? `${who} and ${names.length - mostNames} more` : who;
    if (diff === undefined) return ['', `${all}: nothing is known of what changes`];
    if (diff.before === diff.after) return ['', `${all}: nothing changes`];
    const systems = names.length > 1 ? [] : [`${diff.before ?? 'not known'} → ${diff.after}`];
    const sizes = [...systems, ...sizesOf(group.flatMap((one) => one.diff?.closure ?? []))];
    return ['', `${all}:`, ...renderChanges({ ...diff, closure: diff.closure, units: diff.units, sizes })];
  });
}

/** Equal for hosts that are told of together; sizes and systems differ by the name of the host alone. */
function sameness(diff: HostDiff | undefined): string {
  if (diff === undefined) return '';
  if (diff.before === diff.after) return 'same';
  const { closure, units, unknown } = diff;
  return JSON.stringify([closure?.packages, closure?.rebuilt, units, unknown]);
}

function sizesOf(closures: readonly ClosureChange[]): readonly string[] {
  if (closures.length === 0) return [];
  const range = (of: (closure: ClosureChange) => number, text: (bytes: number) => string): string => {
    const [least, most] = [Math.min(...closures.map(of)), Math.max(...closures.map(of))].map(text);
    return least === most ? `${least}` : `${least} to ${most}`;
  };
  const signed = (bytes: number): string => `${bytes < 0 ? '-' : '+'}${formatBytes(Math.abs(bytes))}`;
  const before = range((one) => one.bytesBefore, formatBytes);
  const after = range((one) => one.bytesAfter, formatBytes);
  const grows = range((one) => one.bytesAfter - one.bytesBefore, signed);
  const fresh = range((one) => one.newBytes, formatBytes);
  return [`closure ${before} → ${after} (${grows}); new: ${fresh}`];
}
