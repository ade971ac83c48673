/** `proteus check-health NETWORK`: the health checks of hosts, each tried until it has succeeded once. */

import type { CommandModule } from '../command-module.ts';
import { checkOnHost } from '../hosts/check-on-host.ts';
import { type HostFlags, withHostFlags, withTimeout } from '../hosts/host-flags.ts';
import { onHosts } from '../hosts/on-hosts.ts';

interface Flags extends HostFlags {
  readonly timeout?: number;
}

export const define: CommandModule['define'] = (command, run) => {
  withTimeout(withHostFlags(command), 'give up on a host whose checks have not all succeeded by then')
    .addHelpText(
      'after',
      `
A check that fails is tried again until it succeeds; without --timeout that can be for ever.
The exit code is 1 when the checks of any host failed.

Examples:
  proteus check-health network.nix --timeout 60
  proteus check-health network.nix --on 'web*' --json
`,
    )
    .action((file: string, flags: Flags) => {
      run((context) =>
        onHosts(context, file, flags, {
          buildOnly: 'Healthchecks are disabled for build-only host',
          async run(host, tools) {
            await checkOnHost(host, tools, { timeoutSeconds: flags.timeout ?? 0, emit: context.emit });
            return [];
          },
        }),
      );
    });
};
