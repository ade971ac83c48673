/** Writing a file that must not be there yet, such as a key: whole or not at all, also when killed in between. */

import { link, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';

/** Throws `key.file`, also when the file exists. The folder is made, for its owner alone, where it is missing. */
export async function writeNewFile(file: string, text: string, mode: number): Promise<void> {
  const draft = `${file}.${process.pid}.new`;
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await using handle = await open(draft, 'w', mode);
    await handle.writeFile(text);
    await handle.sync();
    // Unlike a rename, a link is never made over what is there.
    await link(draft, file);
  } catch (cause) {
    const exists = cause instanceof Error && 'syscall' in cause && cause.syscall === 'link';
    const why = exists ? 'it exists already' : errorMessage(cause);
    throw new AppError('key.file', `cannot write ${file}: ${why}`, { cause });
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}
