/** `proteus jobset edit PROJECT:JOBSET`: changes what the flags say and leaves the rest. */

import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { doneSchema, jobsetSchema } from '../client/hydra-schemas.ts';
import { applyJobsetFlags, type JobsetFlags, withJobsetFlags } from '../client/jobset-flags.ts';
import { jobsetPath, parseJobsetName } from '../client/jobset-name.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';
import { collect } from '../network-options.ts';

interface Flags extends ServerFlags, JobsetFlags {
  readonly rename?: string;
}

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(withJobsetFlags(command.argument('<project:jobset>', 'the jobset')))
    .option('--rename <name>', 'another name; the old address leads to the new one')
    .option('--remove-input <name>', 'take an input away; may be given more than once', collect)
    .addHelpText(
      'after',
      `
Examples:
  proteus jobset edit fleet:main --state disabled
  proteus jobset edit fleet:main --input 'network=git:https://git.example.org/net.git release'
`,
    )
    .action((text: string, flags: Flags) => {
      run(async (context) => {
        const path = jobsetPath(parseJobsetName(text));
        const client = await connectToServer(context, flags);
        const before = await client.get(path, jobsetSchema);
        const body = applyJobsetFlags(before, flags);
        await client.send('PUT', path, { ...body, name: flags.rename ?? before.name }, doneSchema);
        say(context, `changed jobset ${before.project}:${flags.rename ?? before.name}`);
        return 0;
      });
    });
};
