/** `proteus cache trust`: the lines that clients of a cache need, and a command that proves them. */

import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';
import { collect } from '../network-options.ts';
import { withDataFlags } from '../server/server-settings.ts';
import { findTrust, type TrustFlags } from '../trust/find-trust.ts';

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command)
    .option('--url <url>', 'address of the cache, as clients reach it (default: that of the server here)')
    .option('--key <file>', 'secret key that it signs with; may be given more than once', collect)
    .addHelpText(
      'after',
      `
With --url the cache there is asked for its keys: take them from it only where you trust the way to it (https, or this
machine). Without, they are those of the server on this machine.

Examples:
  proteus cache trust
  proteus cache trust --url https://cache.example.org
  proteus cache trust --url https://cache.example.org --key /etc/proteus/cache.secret
  proteus cache trust --json | jq -r '.publicKeys[]'
`,
    )
    .action((flags: TrustFlags) => {
      run(async (context) => {
        const trust = await findTrust(context, flags);
        const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);
        const text = [
          'In /etc/nix/nix.conf of each client (then restart its nix-daemon):',
          ...indented(trust.nixConf),
          'or in its NixOS configuration:',
          ...indented(trust.nixos),
          'To prove it there:',
          ...indented([trust.proof]),
          ...(trust.path === undefined ? ['(PATH is any store path that the cache has)'] : []),
        ];
        printResult(context, text.join('\n'), { ...trust });
        return 0;
      });
    });
};
