/** `proteus log BUILD`: the log of a build, or of one of its steps, also while it is written. */

import { pipeline } from 'node:stream/promises';
import { build as buildSchema } from '../../api/v1/schemas/build.ts';
import { AppError } from '../../util/app-error.ts';
import { chooseStep } from '../client/choose-step.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { followBuild } from '../client/follow-build.ts';
import { parseId } from '../client/parse-id.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';
import { integer } from '../network-options.ts';

type Step = NonNullable<ReturnType<typeof chooseStep>>;

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
    .option(
      '--follow',
      'go on until the build ends, or the step given with --step; waits for one that has not begun',
    )
    .addHelpText('after', '\nExamples:\n  proteus log 7 --tail 50\n  proteus log 7 --step 2 --follow\n')
    .action((id: number, flags: Flags) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const show = async (step: Step): Promise<void> => {
          say(context, `build ${step.buildId}, step ${step.number}: ${step.drvPath}`);
          const query = new URLSearchParams({
            ...(flags.follow ? { follow: '1' } : {}),
            ...(flags.tail === undefined ? {} : { tail: String(flags.tail) }),
          });
          const path = `/api/v1/builds/${step.buildId}/steps/${step.number}/log?${query.toString()}`;
          const body = await client.open(path, { accept: 'text/plain' });
          await pipeline(body, context.stdout, { end: false });
        };
        if (flags.follow) {
          const shown = await followBuild(id, {
            client,
            signal: context.signal,
            step: flags.step,
            show,
            onWait: (why) =>
              say(context, `build ${id} has nothing to show now. ${why} Waiting for its log …`),
          });
          if (shown === 0)
            throw noLog(
              id,
              flags.step,
              'It is finished: nothing had to be run for it, or its logs are gone.',
            );
          return 0;
        }
        const step = chooseStep(await client.get(`/api/v1/builds/${id}`, buildSchema), flags.step);
        if (step === undefined) {
          throw noLog(
            id,
            flags.step,
            `\`proteus queue why ${id}\` says what it waits for; --follow waits with it.`,
          );
        }
        await show(step);
        return 0;
      });
    });
};

function noLog(id: number, step: number | undefined, hint: string): AppError {
  const what = step === undefined ? 'log' : `log of a step ${step}`;
  return new AppError('api.not-found', `build ${id} has no ${what}`, { hint });
}
