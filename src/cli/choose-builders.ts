/** The builders of a run: this machine, and those that the flags or nix.conf name. */

import type { Builder } from '../build/builder.ts';
import { parseBuildersOption } from '../build/builders-option.ts';
import { localBuilder } from '../build/local-builder.ts';
import type { CliContext } from './context.ts';

/** `flags` in nix.conf's `builders` syntax, one or more; undefined: what nix.conf says. */
export async function chooseBuilders(
  context: CliContext,
  flags: readonly string[] | undefined,
  settings: Readonly<Record<string, string>> = {},
): Promise<readonly Builder[]> {
  const remote = parseBuildersOption(flags?.join('\n') ?? '@/etc/nix/machines', {
    defaultSystem: `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux`,
  });
  const local = await localBuilder({
    env: context.env,
    signal: context.signal,
    hasOtherBuilders: remote.length > 0,
    settings,
  });
  return [local, ...remote];
}
