/** `--keep-result`: a garbage collector root beside the network file, where Morph puts it. */

import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { StorePath } from '../nix/store-path.ts';
import type { Store } from '../store/store.ts';
import { errorMessage } from '../util/error-message.ts';
import type { CliContext } from './context.ts';

/** Links `.gcroots/<file name>` to the result and registers it; a failure is a warning, as under Morph. */
export async function keepResult(
  context: CliContext,
  store: Store,
  file: string,
  result: StorePath,
): Promise<void> {
  const absolute = path.resolve(context.cwd, file);
  const folder = path.join(path.dirname(absolute), '.gcroots');
  const link = path.join(folder, path.basename(absolute));
  const fresh = `${link}.new`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await rm(fresh, { force: true });
    await symlink(result, fresh);
    // Renaming over the old link: there is always a root, the old or the new one.
    await rename(fresh, link);
    await store.addIndirectRoot(link, { signal: context.signal });
  } catch (cause) {
    context.emit({
      type: 'message',
      level: 'warning',
      text: `Unable to create GC root, skipping: ${errorMessage(cause)}`,
    });
  }
}
