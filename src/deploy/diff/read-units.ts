/** The systemd units of a system: the links below etc/systemd/system of its toplevel, and what each is in the store. */

import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** Files by the name of the unit. */
export type Units = ReadonlyMap<string, string>;

export const unitFolder = 'etc/systemd/system';
const unit = /^[^\p{Cc}]{1,255}\.(?:service|socket|timer|mount|automount|swap|path|target|slice)$/u;

export function isUnitName(name: string): boolean {
  return unit.test(name);
}

/** None for a system that is here without any; undefined when it is not here. */
export async function readUnits(toplevel: string): Promise<Units | undefined> {
  try {
    const where = await realpath(path.join(toplevel, unitFolder)).catch(() => undefined);
    if (where === undefined) return (await stat(toplevel)).isDirectory() ? new Map() : undefined;
    const names = (await readdir(where)).filter(isUnitName);
    const targets = names.map(async (name): Promise<[string, string]> => {
      const file = path.join(where, name);
      return [name, await realpath(file).catch(() => file)];
    });
    return new Map(await Promise.all(targets));
  } catch {
    return undefined;
  }
}
