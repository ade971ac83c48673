/** `cancel`, `restart` and `bump`: the same for each build that is named. */

import type { Command } from 'commander';
import { buildActionReply } from '../../api/v1/schemas/build.ts';
import { type CliContext, printResult } from '../context.ts';
import { connectToServer, type ServerFlags, withServerFlags } from './connect-to-server.ts';
import { parseIds } from './parse-id.ts';

export function withBuildIds(command: Command): Command {
  return withServerFlags(command.argument('<id...>', 'numbers of the builds', parseIds));
}

/** `words`: what is said of a build that was changed, and of one that was not. The first refusal ends it. */
export async function actOnBuilds(
  context: CliContext,
  flags: ServerFlags,
  ids: readonly number[],
  action: 'cancel' | 'restart' | 'bump',
  words: readonly [changed: string, unchanged: string],
): Promise<number> {
  const client = await connectToServer(context, flags);
  const builds = [];
  for (const id of ids) {
    const { build, changed } = await client.send(
      'POST',
      `/api/v1/builds/${id}/${action}`,
      undefined,
      buildActionReply,
    );
    builds.push({ build, changed });
  }
  const lines = builds.map(({ build, changed }) => `build ${build} ${changed ? words[0] : words[1]}`);
  printResult(context, lines.join('\n'), { builds });
  return 0;
}
