/** `proteus project create NAME`: an empty project, which belongs to whoever makes it. */

import { AppError } from '../../util/app-error.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { exists } from '../client/exists.ts';
import { doneSchema } from '../client/hydra-schemas.ts';
import { projectPath } from '../client/jobset-name.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

interface Flags extends ServerFlags {
  readonly displayName?: string;
  readonly description?: string;
  readonly homepage?: string;
  readonly owner?: string;
  readonly hidden?: boolean;
  readonly declarative?: string;
  readonly declarativeInput?: string;
}

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<name>', 'name of the project: letters, digits, - and _'))
    .option('--display-name <text>', 'name for people (default: the name)')
    .option('--description <text>', 'a line for people')
    .option('--homepage <url>', 'where the project lives')
    .option('--owner <user>', 'whom it belongs to (administrators only; default: you)')
    .option('--hidden', 'leave it out of lists')
    .option('--declarative <file>', 'a JSON file in --declarative-input says what jobsets it has')
    .option(
      '--declarative-input <type:value>',
      "where that file is, e.g. 'git:https://example.org/x.git main'",
    )
    .addHelpText('after', "\nExample:\n  proteus project create fleet --description 'Our machines'\n")
    .action((name: string, flags: Flags) => {
      run(async (context) => {
        const path = projectPath(name);
        const client = await connectToServer(context, flags);
        if (await exists(client, path)) {
          throw new AppError('db.conflict', `there is a project '${name}' already`);
        }
        await client.send(
          'PUT',
          path,
          {
            name,
            displayname: flags.displayName ?? name,
            description: flags.description ?? '',
            homepage: flags.homepage ?? '',
            enabled: true,
            visible: flags.hidden !== true,
            ...declarationOf(flags),
            ...(flags.owner === undefined ? {} : { owner: flags.owner }),
          },
          doneSchema,
        );
        printResult(context, `made ${client.url}${path}`, { project: name, url: `${client.url}${path}` });
        return 0;
      });
    });
};

/** Throws `usage.invalid`. */
function declarationOf({ declarative: file, declarativeInput: input }: Flags): object {
  if (file === undefined && input === undefined) return {};
  const [, type, value] = /^([\w-]+):(.*)$/s.exec(input ?? '') ?? [];
  if (file !== undefined && type !== undefined) return { declarative: { file, type, value } };
  throw new AppError(
    'usage.invalid',
    '--declarative FILE and --declarative-input TYPE:VALUE are wanted together',
  );
}
