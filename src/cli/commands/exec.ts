/** `proteus exec NETWORK COMMAND...`: a command, or a script, on many hosts at a time. */

import path from 'node:path';
import { shellQuote } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import { printable } from '../../util/printable.ts';
import type { CommandModule } from '../command-module.ts';
import { type HostFlags, withHostFlags, withTimeout } from '../hosts/host-flags.ts';
import { onHosts } from '../hosts/on-hosts.ts';
import { readScript } from '../hosts/read-script.ts';

interface Flags extends HostFlags {
  readonly timeout?: number;
  readonly script?: string;
  readonly sudo?: boolean;
}

export const define: CommandModule['define'] = (command, run) => {
  withTimeout(withHostFlags(command), 'end a command that takes longer')
    .argument(
      '[command...]',
      'what the login shell of each host runs; with --script, arguments of the script',
    )
    .option('--script <file>', 'run this script, which is sent on standard input')
    .option('--sudo', "with root's rights, also without the word sudo; nothing changes for a login as root")
    .addHelpText(
      'after',
      `
Flags end at the network file: what follows is the command, as it stands. Each line of output bears the name of its host.
A command that begins with sudo needs none where the login is root's. The exit code is 1 when it failed on any host.

Examples:
  proteus exec network.nix uptime
  proteus exec --on '@web' --parallel 1 network.nix sudo systemctl restart nginx
  proteus exec --script collect.sh network.nix --since yesterday
`,
    )
    .action((file: string, words: readonly string[], flags: Flags) => {
      run(async (context) => {
        const script =
          flags.script === undefined ? undefined : await readScript(path.resolve(context.cwd, flags.script));
        if (script === undefined && words.length === 0) {
          throw new AppError('usage.invalid', 'wanted a command after the network file, or --script FILE');
        }
        const hasSudo = script === undefined && words[0] === 'sudo';
        const command =
          script === undefined
            ? words.slice(hasSudo ? 1 : 0)
            : [script.shell, '-s', '--', ...words.map(shellQuote)];
        return onHosts(context, file, flags, {
          buildOnly: 'Exec is disabled for build-only host',
          async run({ name }, tools) {
            const session = await tools.session();
            const code = await session.run(command, {
              signal: tools.signal,
              asRoot: hasSudo || flags.sudo,
              stdin: script?.content,
              ...(flags.timeout ? { timeoutMs: flags.timeout * 1000 } : {}),
              onLine(line) {
                if (context.json) context.emit({ type: 'host.log', host: name, line });
                else context.stdout.write(`${name}: ${printable(line)}\n`);
              },
            });
            if (code === 0) return [];
            throw new AppError('deploy.failed', `${name}: the command ended with exit code ${code}`);
          },
        });
      });
    });
};
