/** `proteus doctor`: looks at everything a build and a deployment need, and says how to mend what is wrong. */

import { localBuilder } from '../../build/local-builder.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { chooseBuilders } from '../choose-builders.ts';
import type { CommandModule } from '../command-module.ts';
import type { CliContext } from '../context.ts';
import { type Check, problem } from '../doctor/check.ts';
import { checkBuilders } from '../doctor/check-builders.ts';
import { checkCache } from '../doctor/check-cache.ts';
import { checkEmulation } from '../doctor/check-emulation.ts';
import { checkKeys } from '../doctor/check-keys.ts';
import { checkNix } from '../doctor/check-nix.ts';
import { checkServer } from '../doctor/check-server.ts';
import { checkTools } from '../doctor/check-tools.ts';
import { renderChecks } from '../doctor/render-checks.ts';
import { collect } from '../network-options.ts';
import { type DataFlags, withDataFlags } from '../server/server-settings.ts';
import { cacheUrl } from '../trust/cache-url.ts';

interface Flags extends DataFlags {
  readonly cache?: string;
  readonly builders?: readonly string[];
  readonly key?: readonly string[];
}

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command)
    .argument('[paths...]', 'store paths that the cache of --cache should have')
    .option('--cache <url>', 'say instead why Nix here does not take what that binary cache has')
    .option(
      '--builders <machines>',
      'builders to check, as in nix.conf (default: /etc/nix/machines)',
      collect,
    )
    .option('--key <file>', 'signing key to check; may be given more than once', collect)
    .addHelpText(
      'after',
      `
Where a server is set up on this machine, or --config, --data-directory or --database names one, its parts are looked at
as well; nothing of it is changed.

Examples:
  proteus doctor --key cache.secret --builders @/etc/nix/machines
  proteus doctor --config /etc/proteus/proteus.toml
  proteus doctor --cache https://cache.example.org /nix/store/…-hello-2.12
`,
    )
    .action((paths: readonly string[], flags: Flags) => {
      run(async (context) => {
        const checks = await choose(context, paths, flags);
        if (context.json) context.stdout.write(`${JSON.stringify({ type: 'result', checks })}\n`);
        else context.stdout.write(renderChecks(checks));
        return checks.some(({ status }) => status === 'problem') ? 1 : 0;
      });
    });
};

function choose(
  context: CliContext,
  paths: readonly string[],
  { cache, ...flags }: Flags,
): Promise<readonly Check[]> {
  if (cache !== undefined) {
    const { env, signal } = context;
    return checkCache(cacheUrl(cache), paths.map(parseStorePath), { env, signal, now: Date.now });
  }
  if (paths.length === 0) return examine(context, flags);
  throw new AppError('usage.invalid', 'store paths are of use only with --cache URL');
}

async function examine(context: CliContext, flags: Flags): Promise<readonly Check[]> {
  const { signal, env } = context;
  const tools = await checkTools(env);
  const keys = [...(await checkServer(context, flags)), ...(await checkKeys(flags.key ?? []))];
  try {
    const local = await localBuilder({ env, signal });
    const builders = await chooseBuilders(context, flags.builders);
    return [
      ...tools,
      ...(await checkNix(local, signal)),
      ...(await checkEmulation(local, signal)),
      ...(await checkBuilders(
        builders.filter(({ isLocal }) => !isLocal),
        signal,
      )),
      ...keys,
    ];
  } catch (error) {
    // Without Nix nothing more can be asked; what is known already is still worth telling.
    signal.throwIfAborted();
    return [
      ...tools,
      problem('configuration', errorMessage(error), 'mend what is said above, then try again'),
      ...keys,
    ];
  }
}
