/**
 * Which systemd units differ between two systems: the links below etc/systemd/system of both toplevels. What would be
 * restarted is for the activation to decide; these are the units that it decides about.
 */

import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';

export interface UnitDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

const folder = 'etc/systemd/system';
const unit = /\.(?:service|socket|timer|mount|automount|swap|path|target|slice)$/;

/** Undefined when one of them cannot be read here. */
export async function diffUnits(before: string, after: string): Promise<UnitDiff | undefined> {
  const [left, right] = await Promise.all([unitsOf(before), unitsOf(after)]);
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

/** What each unit is in the store. */
async function unitsOf(toplevel: string): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const where = await realpath(path.join(toplevel, folder));
    const names = (await readdir(where)).filter((name) => unit.test(name));
    const targets = names.map(async (name): Promise<[string, string]> => {
      const file = path.join(where, name);
      return [name, await realpath(file).catch(() => file)];
    });
    return new Map(await Promise.all(targets));
  } catch {
    return undefined;
  }
}
