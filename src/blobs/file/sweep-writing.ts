/**
 * Removes what writers left behind that are dead. One that lives elsewhere (another machine on the same disk, another
 * container) cannot be asked; what it writes is left alone until it has not grown for a day.
 */

import { opendir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseWriterName, startOf, thisWorld } from './writer-name.ts';

const dayMs = 86_400_000;

/** `now`: milliseconds since 1970. */
export async function sweepWriting(folder: string, now: number): Promise<void> {
  const world = await thisWorld();
  for await (const { name } of await opendir(folder)) {
    const file = path.join(folder, name);
    const writer = parseWriterName(name);
    const isDead =
      writer?.world === world
        ? (await startOf(writer.pid)) !== writer.start
        : now - ((await stat(file).catch(() => undefined))?.mtimeMs ?? now) > dayMs;
    if (isDead) await rm(file, { force: true, recursive: true });
  }
}
