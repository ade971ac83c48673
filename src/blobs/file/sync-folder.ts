import { open } from 'node:fs/promises';

/** Makes durable which names a folder has. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
