/**
 * Where the server of a data directory listens, for commands on the same machine. It is believed only while the lock
 * is held: a file that a killed server left would hand our token to whoever listens on its port now.
 */

import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { dataDirectory } from './data-directory.ts';
import { isDataDirectoryLocked } from './lock-data-directory.ts';

const serverSchema = z.object({ url: z.url(), baseUrl: z.url(), pid: z.int() });
export type ServerFile = z.output<typeof serverSchema>;

export async function writeServerFile(directory: string, server: ServerFile): Promise<void> {
  const { serverFile } = dataDirectory(directory);
  await writeFile(`${serverFile}.new`, JSON.stringify(server), { mode: 0o600 });
  await rename(`${serverFile}.new`, serverFile);
}

export async function removeServerFile(directory: string): Promise<void> {
  await rm(dataDirectory(directory).serverFile, { force: true });
}

/** The server that works on the directory now; undefined when none does, or it does not listen yet. */
export async function findLocalServer(directory: string): Promise<ServerFile | undefined> {
  if (!isDataDirectoryLocked(directory)) return undefined;
  const text = await readFile(dataDirectory(directory).serverFile, 'utf8').catch(() => '');
  try {
    return serverSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
