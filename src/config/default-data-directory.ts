/** Where a server keeps its data unless told otherwise. */

import path from 'node:path';

/** `/var/lib/proteus` for root, else below the state folder of the XDG convention. */
export function defaultDataDirectory(
  env: Readonly<Record<string, string | undefined>>,
  userId = process.getuid?.(),
): string {
  if (userId === 0) return '/var/lib/proteus';
  return path.join(env.XDG_STATE_HOME || path.join(env.HOME || '/', '.local/state'), 'proteus/server');
}
