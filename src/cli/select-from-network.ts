/** Applies the selectors of the command line, says what was selected, and names the hosts that do not evaluate. */

import { hostExpression } from '../network/host-expression.ts';
import type { LoadedNetwork } from '../network/load-network.ts';
import { type Selection, selectHosts } from '../network/select-hosts.ts';
import { selectionHeader } from '../network/selection-header.ts';
import { type CliContext, say } from './context.ts';
import type { SelectorFlags } from './network-options.ts';
import { describeEvaluationError } from './progress/describe-event.ts';

export interface NetworkSelection extends Selection {
  /** Hosts of that name whose metadata does not evaluate: their tags are not known, so only the name can select. */
  readonly broken: readonly string[];
}

/**
 * Prints Morph's header on standard error, unless that is said already (`quiet`), after the errors of hosts whose metadata
 * does not evaluate.
 */
export function selectFromNetwork(
  context: CliContext,
  network: LoadedNetwork,
  flags: SelectorFlags,
  { quiet = false }: { readonly quiet?: boolean } = {},
): NetworkSelection {
  const selection = selectHosts(network, flags);
  const matches = hostExpression(flags.on ?? '*');
  const broken = network.brokenHosts.filter(({ name }) => matches({ name, tags: [] }));
  for (const { name, error } of broken) {
    for (const line of describeEvaluationError(name, error)) say(context, line);
  }
  if (!quiet) context.stderr.write(selectionHeader(selection));
  return { ...selection, broken: broken.map(({ name }) => name) };
}
