/** Where the command line keeps what must outlive a run (build logs), after the XDG convention. */

import path from 'node:path';

export function stateDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const base = env.XDG_STATE_HOME || path.join(env.HOME || '/root', '.local/state');
  return path.join(base, 'proteus');
}
