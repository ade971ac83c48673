/** All types of inputs. */

import { booleanInput } from './boolean/index.ts';
import { buildInputPlugin } from './build/index.ts';
import { evalInput } from './eval/index.ts';
import { gitInput } from './git/index.ts';
import type { InputPlugin } from './input.ts';
import { nixInput } from './nix/index.ts';
import { pathInput } from './path/index.ts';
import { stringInput } from './string/index.ts';
import { sysbuildInput } from './sysbuild/index.ts';

export const inputPlugins: readonly InputPlugin[] = [
  booleanInput,
  buildInputPlugin,
  evalInput,
  gitInput,
  nixInput,
  pathInput,
  stringInput,
  sysbuildInput,
];

/** For messages: `valid types: …`. */
export const inputTypes = inputPlugins.map(({ type }) => type).join(', ');

export function findInputPlugin(type: string): InputPlugin | undefined {
  return inputPlugins.find((plugin) => plugin.type === type);
}
