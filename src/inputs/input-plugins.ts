/** All types of inputs. */

import { booleanInput } from './boolean/index.ts';
import { buildInputPlugin } from './build/index.ts';
import { bzrInput } from './bzr/index.ts';
import { bzrCheckoutInput } from './bzr-checkout/index.ts';
import { darcsInput } from './darcs/index.ts';
import { evalInput } from './eval/index.ts';
import { gitInput } from './git/index.ts';
import { hgInput } from './hg/index.ts';
import type { InputPlugin } from './input.ts';
import { nixInput } from './nix/index.ts';
import { pathInput } from './path/index.ts';
import { stringInput } from './string/index.ts';
import { svnInput } from './svn/index.ts';
import { svnCheckoutInput } from './svn-checkout/index.ts';
import { sysbuildInput } from './sysbuild/index.ts';

export const inputPlugins: readonly InputPlugin[] = [
  booleanInput,
  buildInputPlugin,
  bzrInput,
  bzrCheckoutInput,
  darcsInput,
  evalInput,
  gitInput,
  hgInput,
  nixInput,
  pathInput,
  stringInput,
  svnInput,
  svnCheckoutInput,
  sysbuildInput,
];

/** For messages: `valid types: …`. */
export const inputTypes = inputPlugins.map(({ type }) => type).join(', ');

export function findInputPlugin(type: string): InputPlugin | undefined {
  return inputPlugins.find((plugin) => plugin.type === type);
}
