/** `proteus rollout log ID HOST`: what was printed on a host of a rollout of a server. */

import { pipeline } from 'node:stream/promises';
import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { rolloutPath, withRolloutId } from '../fleet/steer-rollout.ts';

interface Flags extends ServerFlags {
  readonly follow?: boolean;
}

export const define: CommandModule['define'] = (command, run) => {
  withRolloutId(command)
    .argument('<host>', 'the name of the host')
    .option('--follow', 'go on until the rollout has ended')
    .addHelpText('after', '\nExample:\n  proteus rollout log main-42-k3x9ab1 web01\n')
    .action((id: string, host: string, { follow, ...flags }: Flags) => {
      run(async (context) => {
        const path = `${rolloutPath(id)}/hosts/${encodeURIComponent(host)}/log${follow ? '?follow=1' : ''}`;
        const client = await connectToServer(context, flags);
        await pipeline(await client.open(path), context.stdout, { end: false });
        return 0;
      });
    });
};
