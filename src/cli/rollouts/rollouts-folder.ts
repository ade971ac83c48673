/** Where the command line keeps the journals of its rollouts. */

import path from 'node:path';
import { stateDirectory } from '../state-directory.ts';

export function rolloutsFolder(env: Readonly<Record<string, string | undefined>>): string {
  return path.join(stateDirectory(env), 'rollouts');
}
