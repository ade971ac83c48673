/** `proteus log BUILD`: the log of a build, or of one of its steps, also while it is written. */

import { pipeline } from 'node:stream/promises';
import { build as buildSchema } from '../../api/v1/schemas/build.ts';
import { AppError } from '../../util/app-error.ts';
import { chooseStep } from '../client/choose-step.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { parseId } from '../client/parse-id.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';
import { integer } from '../network-options.ts';

interface Flags extends ServerFlags {
  readonly follow?: boolean;
  readonly step?: number;
  readonly tail?: number;
}

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<build>', 'number of the build', parseId))
    .option(
      '--step <n>',
      'of this step (default: the one that failed, else the last one with a log)',
      integer,
    )
    .option('--tail <n>', 'only the last n lines', integer)
    .option('--follow', 'go on until the step ends')
    .addHelpText('after', '\nExamples:\n  proteus log 7 --tail 50\n  proteus log 7 --step 2 --follow\n')
    .action((id: number, flags: Flags) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const build = await client.get(`/api/v1/builds/${id}`, buildSchema);
        const step = chooseStep(build, flags.step);
        if (step === undefined) {
          throw new AppError(
            'api.not-found',
            `build ${id} has no ${flags.step === undefined ? 'log yet' : `log of a step ${flags.step}`}`,
            { hint: `\`proteus queue why ${id}\` says what it waits for.` },
          );
        }
        say(context, `build ${step.buildId}, step ${step.number}: ${step.drvPath}`);
        const query = new URLSearchParams({
          ...(flags.follow ? { follow: '1' } : {}),
          ...(flags.tail === undefined ? {} : { tail: String(flags.tail) }),
        });
        const body = await client.open(
          `/api/v1/builds/${step.buildId}/steps/${step.number}/log?${query.toString()}`,
          {
            accept: 'text/plain',
          },
        );
        await pipeline(body, context.stdout, { end: false });
        return 0;
      });
    });
};
