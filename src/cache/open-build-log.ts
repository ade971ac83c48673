/**
 * The log of a build as the local Nix kept it: `<directory>/<first 2 characters>/<rest of the derivation's name>`,
 * compressed with bzip2 unless `compress-build-log` is off. Source: libstore/local-fs-store.cc (`getBuildLogExact`).
 */

import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { startProcess } from '../process/start-process.ts';

/** Where Nix keeps them, below its log directory. */
export const nixLogDirectory = '/nix/var/log/nix/drvs';

/**
 * The text of the log of `name` (a derivation's base name, `.drv` included); undefined when there is none.
 * Destroying the stream, or aborting the signal, ends everything behind it.
 */
export async function openBuildLog(
  name: string,
  directory: string,
  signal?: AbortSignal,
): Promise<Readable | undefined> {
  const file = `${directory}/${name.slice(0, 2)}/${name.slice(2)}`;
  const plain = await openFile(file);
  if (plain !== undefined) return plain.createReadStream({ signal });
  const compressed = await openFile(`${file}.bz2`);
  if (compressed === undefined) return undefined;
  await compressed.close();
  const bzip2 = await startProcess(['bzip2', '-dc', '--', `${file}.bz2`], { signal, stderr: 'ignore' });
  bzip2.stdin.end();
  bzip2.stdout.once('close', () => void bzip2.kill());
  return bzip2.stdout;
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch {
    return undefined;
  }
}
