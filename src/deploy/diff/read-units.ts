/**
 * The systemd units of a system: the links below etc/systemd/system of its toplevel, and what each is in the store. A unit
 * that comes from a package has what the configuration adds to it in files beside it, `UNIT.d/*.conf`; they are part of it.
 */

import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** By the name of the unit: its file, and what is added to it, a line for each. */
export type Units = ReadonlyMap<string, string>;

export const unitFolder = 'etc/systemd/system';
const unit = /^[^\p{Cc}/]{1,255}\.(?:service|socket|timer|mount|automount|swap|path|target|slice)$/u;
const addition = /^([^\p{Cc}/]{1,255})\.d\/[^\p{Cc}/]{1,255}\.conf$/u;

/** Of names below the folder, and the file that each is. */
export function unitsOf(files: readonly (readonly [name: string, file: string])[]): Units {
  const units = new Map<string, string>();
  // A unit comes before what is added to it.
  for (const [name, file] of files.toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const [, of = name] = addition.exec(name) ?? [];
    if (!unit.test(of)) continue;
    const known = units.get(of);
    units.set(of, known === undefined ? file : `${known}\n${file}`);
  }
  return units;
}

/** None for a system that is here without any; undefined when it is not here. */
export async function readUnits(toplevel: string): Promise<Units | undefined> {
  try {
    const where = await realpath(path.join(toplevel, unitFolder)).catch(() => undefined);
    if (where === undefined) return (await stat(toplevel)).isDirectory() ? new Map() : undefined;
    const names = await readdir(where);
    const added = names
      .filter((name) => name.endsWith('.d'))
      .map(async (name) => {
        const inside = await readdir(path.join(where, name)).catch(() => []);
        return inside.map((file) => `${name}/${file}`);
      });
    const files = [...names, ...(await Promise.all(added)).flat()].map(
      async (name): Promise<[string, string]> => {
        const file = path.join(where, name);
        return [name, await realpath(file).catch(() => file)];
      },
    );
    return unitsOf(await Promise.all(files));
  } catch {
    return undefined;
  }
}
