/**
 * Which systemd units differ between two systems. What would be restarted is for the activation to decide; these are the
 * units that it decides about.
 */

import { readUnits, type Units } from './read-units.ts';

export interface UnitDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** Undefined when one of them cannot be read. `read`: default is from the disk here. */
export async function diffUnits<Path extends string>(
  before: Path,
  after: Path,
  read: (toplevel: Path) => Promise<Units | undefined> = readUnits,
): Promise<UnitDiff | undefined> {
  const [left, right] = await Promise.all([read(before), read(after)]);
  if (left === undefined || right === undefined) return undefined;
  return {
    added: [...right.keys()].filter((name) => !left.has(name)).sort(),
    removed: [...left.keys()].filter((name) => !right.has(name)).sort(),
    changed: [...right]
      .filter(([name, target]) => left.has(name) && left.get(name) !== target)
      .map(([name]) => name)
      .sort(),
  };
}
