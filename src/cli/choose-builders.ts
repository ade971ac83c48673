/** The builders of a run: this machine, and those that the flags or nix.conf name. */

import type { Builder } from '../build/builder.ts';
import { parseBuildersOption } from '../build/builders-option.ts';
import { localBuilder } from '../build/local-builder.ts';
import type { CliContext } from './context.ts';

/** `flags` in nix.conf's `builders` syntax, one or more; undefined: what nix.conf says. */
export async function chooseBuilders(
  context: CliContext,
  flags: readonly string[] | undefined,
): Promise<readonly Builder[]> {
  const local = await localBuilder({ env: context.env, signal: context.signal });
  const remote = parseBuildersOption(flags?.join('\n') ?? '@/etc/nix/machines', {
    defaultSystem: local.systems[0] ?? 'x86_64-linux',
  });
  return [local, ...remote];
}
