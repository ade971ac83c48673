/** The hosts that a command of Morph's is about, in their order, and the header that says so on standard error. */

import path from 'node:path';
import { hostGlob } from '../../network/host-glob.ts';
import type { HostMetadata } from '../../network/network.ts';
import { selectHosts } from '../../network/select-hosts.ts';
import { selectionHeader } from '../../network/selection-header.ts';
import { evaluateMetadata } from './evaluate-morph.ts';
import type { MorphCall } from './morph-call.ts';
import type { MorphContext } from './morph-context.ts';
import type { NixSettings } from './nix-settings.ts';

/** Throws `network.evaluation`, or `usage.invalid` for selectors that make no sense. */
export async function selectMorphHosts(
  call: MorphCall,
  nix: NixSettings,
  context: MorphContext,
): Promise<readonly HostMetadata[]> {
  const matches = hostGlob(call.on);
  const network = await evaluateMetadata(nix, path.resolve(context.cwd, call.deployment), context);
  // Ours has commas, tags and negation in its patterns; Morph's has none of them.
  const named = network.hosts.filter(({ name }) => matches(name));
  const selection = selectHosts({ ...network, hosts: named }, { ...call, on: '*' });
  context.stderr.write(selectionHeader({ ...selection, total: network.hosts.length }));
  return selection.selected;
}
