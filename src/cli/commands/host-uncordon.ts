/** `proteus host uncordon HOST…`: lets hosts take part in rollouts again. */

import type { z } from 'zod';
import { host as hostSchema } from '../../api/v1/schemas/rollout.ts';
import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, printResult } from '../context.ts';
import { changeCordons, cordonFile } from '../cordons/cordon-file.ts';
import { speaksOfServer, withHostNames } from '../cordons/cordon-target.ts';
import { hostPath } from '../fleet/host-name.ts';

export const define: CommandModule['define'] = (command, run) => {
  withHostNames(command, 'one')
    .addHelpText(
      'after',
      '\nThe next rollout has them again.\n\nExamples:\n  proteus host uncordon db01\n  proteus host uncordon fleet/db01\n',
    )
    .action((names: readonly string[], flags: ServerFlags) => {
      run(async (context) => {
        if (speaksOfServer(context, flags, names)) await uncordonThere(context, names, flags);
        else await uncordonHere(context, names);
        return 0;
      });
    });
};

async function uncordonThere(
  context: CliContext,
  names: readonly string[],
  flags: ServerFlags,
): Promise<void> {
  const paths = names.map(hostPath);
  const client = await connectToServer(context, flags);
  const hosts: z.output<typeof hostSchema>[] = [];
  for (const path of paths) hosts.push(await client.send('POST', `${path}/uncordon`, undefined, hostSchema));
  printResult(context, told(names), { hosts });
}

async function uncordonHere(context: CliContext, names: readonly string[]): Promise<void> {
  await changeCordons(
    cordonFile(context.env),
    (known) => new Map([...known].filter(([name]) => !names.includes(name))),
  );
  printResult(context, told(names), { hosts: names.map((name) => ({ name })) });
}

function told(names: readonly string[]): string {
  return names.map((name) => `${name} takes part in rollouts again`).join('\n');
}
