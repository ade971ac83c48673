/** Applies the selectors of the command line, says what was selected, and names the hosts that do not evaluate. */

import type { LoadedNetwork } from '../network/load-network.ts';
import { type Selection, selectHosts } from '../network/select-hosts.ts';
import { selectionHeader } from '../network/selection-header.ts';
import { type CliContext, say } from './context.ts';
import type { SelectorFlags } from './network-options.ts';
import { describeEvaluationError } from './progress/describe-event.ts';

/** Prints Morph's header on standard error, after the errors of hosts whose metadata does not evaluate. */
export function selectFromNetwork(
  context: CliContext,
  network: LoadedNetwork,
  flags: SelectorFlags,
): Selection {
  for (const { name, error } of network.brokenHosts) {
    for (const line of describeEvaluationError(name, error)) say(context, line);
  }
  const selection = selectHosts(network, flags);
  context.stderr.write(selectionHeader(selection));
  return selection;
}
