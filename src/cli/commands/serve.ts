/** `proteus serve`: the whole server, until it is told to end. */

import { once } from 'node:events';
import path from 'node:path';
import { Option } from 'commander';
import { trustLines } from '../../cache/trust-lines.ts';
import { createLogger, type Logger, logLevels } from '../../log/create-logger.ts';
import { printPublicKey } from '../../nix/public-key.ts';
import type { CommandModule } from '../command-module.ts';
import type { CliContext } from '../context.ts';
import { collect } from '../network-options.ts';
import { logEvent } from '../server/log-event.ts';
import {
  type DataFlags,
  type ServerSettings,
  serverSettings,
  withDataFlags,
} from '../server/server-settings.ts';
import { type RunningServer, startServer } from '../server/start-server.ts';

interface Flags extends DataFlags {
  readonly listen?: string;
  readonly baseUrl?: string;
  readonly key?: readonly string[];
  readonly logLevel: (typeof logLevels)[number];
}

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command)
    .option('--listen <address>', 'HOST:PORT to listen on; port 0 takes a free one (default: 127.0.0.1:3000)')
    .option('--base-url <url>', 'how clients reach the server, when something stands before it')
    .option(
      '--key <file>',
      'secret key that signs; may be given more than once (default: one made at the first start)',
      collect,
    )
    .addOption(new Option('--log-level <level>', 'what to log').choices(logLevels).default('info'))
    .addHelpText(
      'after',
      `
Evaluates jobsets, builds their jobs, and serves what it built as a signed binary cache, on one port. It listens on
this machine only until told otherwise. Everything that is to last is in the data directory, or in PostgreSQL: it can
be killed at any moment, and goes on where it was. All settings: docs/reference/configuration.md. The log goes to
standard error, as JSON unless that is a terminal; --json prints events on standard output besides.

Examples:
  proteus serve
  proteus serve --listen 0.0.0.0:3000 --base-url https://ci.example.org --database postgres:///proteus
  proteus user create alice --password-prompt --role admin      # whom the server then knows
`,
    )
    .action((flags: Flags) => {
      run((context) => serve(context, flags));
    });
};

async function serve(context: CliContext, flags: Flags): Promise<number> {
  const { cwd, env, signal, stdout } = context;
  const settings = await serverSettings(context, flags, {
    listen: flags.listen,
    'base-url': flags.baseUrl,
    keys: flags.key?.map((file) => path.resolve(cwd, file)),
  });
  const log = createLogger({
    stream: context.stderr,
    readable: context.stderrIsTerminal,
    level: flags.logLevel,
  });
  const tell = (event: object): void => void stdout.write(`${JSON.stringify(event)}\n`);
  {
    await using server = await startServer(settings, {
      env,
      signal,
      log,
      onEvent: (event) => {
        logEvent(event, log);
        if (context.json && event.type !== 'step.log') tell(event);
      },
    });
    if (context.json) {
      const publicKeys = server.keys.map(({ publicKey }) => printPublicKey(publicKey));
      tell({ type: 'server.listening', url: server.url, baseUrl: server.baseUrl, publicKeys });
    }
    await sayWhere(server, settings, log);
    const lost = signal.aborted
      ? undefined
      : await Promise.race([server.lost, once(signal, 'abort').then(() => undefined)]);
    if (lost !== undefined) throw lost;
    log.info('ending: builds that run stay queued');
  }
  log.info('ended');
  return 0;
}

async function sayWhere(server: RunningServer, settings: ServerSettings, log: Logger): Promise<void> {
  const { root } = settings.directory;
  log.info(`${settings.file === undefined ? '' : `configured by ${settings.file}; `}data in ${root}`);
  if (server.madeKey !== undefined) {
    log.info(`made a signing key: ${server.madeKey} (keep it to yourself, and a copy in a safe place)`);
  }
  for (const { publicKey } of server.keys) log.info(`signs as ${printPublicKey(publicKey)}`);
  const lines = trustLines(
    server.baseUrl,
    server.keys.map(({ publicKey }) => publicKey),
  );
  log.info(['clients of the cache need:', ...lines].join('\n'));
  if ((await server.ci.database.users.list()).length === 0) {
    const where = `--data-directory ${root}`;
    log.info(`there are no users yet: proteus user create NAME --password-prompt --role admin ${where}`);
  }
  log.info(
    `ready at ${server.baseUrl}${server.baseUrl === server.url ? '' : `, listening at ${server.url}`}`,
  );
}
