/**
 * `proteus up NETWORK`: from a git checkout to continuous builds in one go: a server on this machine (or the one that
 * runs already), a project and a jobset for the checkout, and a live view of what they do, until interrupted.
 */

import path from 'node:path';
import { trustLines } from '../../cache/trust-lines.ts';
import { createLogger } from '../../log/create-logger.ts';
import { type PublicKey, printPublicKey } from '../../nix/public-key.ts';
import { createApiClient } from '../client/api-client.ts';
import { type JobsetName, jobsetPath } from '../client/jobset-name.ts';
import { watchServer } from '../client/watch-server.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, say } from '../context.ts';
import { collect, withNetworkFile } from '../network-options.ts';
import { adminToken } from '../server/admin-token.ts';
import { openSigningKeys } from '../server/open-signing-keys.ts';
import { findLocalServer } from '../server/server-file.ts';
import {
  type DataFlags,
  openServerDatabase,
  type ServerSettings,
  serverSettings,
  withDataFlags,
} from '../server/server-settings.ts';
import { startServer } from '../server/start-server.ts';
import { ensureJobset } from '../up/ensure-jobset.ts';
import { type GitCheckout, gitCheckout } from '../up/git-checkout.ts';

interface Flags extends DataFlags {
  readonly listen?: string;
  readonly project?: string;
  readonly jobset?: string;
  readonly input?: readonly string[];
  readonly importFromDerivation?: boolean;
}

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(withNetworkFile(command))
    .option('--listen <address>', 'HOST:PORT for the server (default: 127.0.0.1:3000)')
    .option('--project <name>', 'name of the project (default: the name of the checkout)')
    .option('--jobset <name>', 'name of the jobset (default: the name of the network file)')
    .option(
      '--input <name=type:value>',
      "what the network imports by <name>, e.g. 'nixpkgs=git:https://github.com/NixOS/nixpkgs nixos-25.11'",
      collect,
    )
    .option('--import-from-derivation', 'let the network import what it has to build first')
    .addHelpText(
      'after',
      `
The network file must be committed in a git checkout: the server builds what is committed on the branch that is out,
and does so again after every commit. Interrupting it ends the server, too; proteus serve keeps one running, and up
uses it then.

Examples:
  proteus up network.nix
  proteus up ops/network.nix --listen 0.0.0.0:3000
`,
    )
    .action((file: string, flags: Flags) => {
      run((context) => up(context, file, flags));
    });
};

async function up(context: CliContext, file: string, flags: Flags): Promise<number> {
  const { signal, env, cwd } = context;
  const checkout = await gitCheckout(path.resolve(cwd, file), { signal, env });
  warnOfUncommitted(context, checkout);
  const settings = await serverSettings(context, flags, { listen: flags.listen });
  await using server = await serverOf(context, settings);
  const client = createApiClient({ url: server.url, token: server.token, signal });
  const ending = new AbortController();
  void server.lost?.then((error) => ending.abort(error));
  const watching = { ...context, signal: AbortSignal.any([signal, ending.signal]) };
  await watchServer(watching, client, async () => {
    const name = await ensureJobset(client, checkout, flags, flags);
    sayWhere(context, { name, checkout, server, settings });
  });
  ending.signal.throwIfAborted();
  return 0;
}

/** Where a person or a script looks from now on. */
interface Whereabouts {
  readonly name: JobsetName;
  readonly checkout: GitCheckout;
  readonly server: UpServer;
  readonly settings: ServerSettings;
}

function sayWhere(context: CliContext, { name, checkout, server, settings }: Whereabouts): void {
  const { project, jobset } = name;
  const url = `${server.baseUrl}${jobsetPath(name)}`;
  if (context.json) {
    const where = { server: server.baseUrl, publicKeys: server.publicKeys.map(printPublicKey) };
    context.stdout.write(`${JSON.stringify({ type: 'up', url, project, jobset, ...where })}\n`);
  }
  say(context, `jobset ${project}:${jobset} follows ${checkout.folder}, branch ${checkout.branch}: ${url}`);
  for (const line of trustLines(server.baseUrl, server.publicKeys)) say(context, line);
  const elsewhere = settings.file === undefined ? ` --data-directory ${settings.directory.root}` : '';
  say(context, `to look again from another terminal: proteus watch${elsewhere}`);
}

function warnOfUncommitted(context: CliContext, { uncommitted, folder }: GitCheckout): void {
  if (uncommitted.length === 0) return;
  const shown = uncommitted.slice(0, 5).join(', ');
  const more = uncommitted.length > 5 ? ` and ${uncommitted.length - 5} more` : '';
  context.emit({
    type: 'message',
    level: 'warning',
    text: `not committed in ${folder}, so the server does not see it: ${shown}${more}`,
  });
}

interface UpServer extends AsyncDisposable {
  readonly url: string;
  readonly baseUrl: string;
  readonly token: string;
  readonly publicKeys: readonly PublicKey[];
  /** Resolves when it must end; of our own server only. */
  readonly lost?: Promise<Error>;
}

/** The server that works on the data directory already, else one of our own, which ends with us. */
async function serverOf(context: CliContext, settings: ServerSettings): Promise<UpServer> {
  const { signal, env, stderr, stderrIsTerminal } = context;
  const { config, directory } = settings;
  const running = await findLocalServer(directory.root);
  if (running !== undefined) {
    say(context, `a server runs on ${directory.root} already: ${running.url}`);
    await using database = await openServerDatabase(settings);
    const { keys } = await openSigningKeys({
      files: config.keys,
      directory,
      hostName: '',
      warn: (text) => say(context, text),
    });
    return {
      url: running.url,
      baseUrl: running.baseUrl,
      token: await adminToken(database, directory, Date.now),
      publicKeys: keys.map(({ publicKey }) => publicKey),
      async [Symbol.asyncDispose]() {},
    };
  }
  const server = await startServer(settings, {
    env,
    signal,
    log: createLogger({ stream: stderr, readable: stderrIsTerminal, level: 'warn' }),
    // What happens is shown by way of the event stream.
    onEvent: () => {},
  });
  return {
    url: server.url,
    baseUrl: server.baseUrl,
    token: await adminToken(server.ci.database, directory, Date.now),
    publicKeys: server.keys.map(({ publicKey }) => publicKey),
    lost: server.lost,
    async [Symbol.asyncDispose]() {
      say(context, 'ending the server: builds that run stay queued');
      await server[Symbol.asyncDispose]();
    },
  };
}
