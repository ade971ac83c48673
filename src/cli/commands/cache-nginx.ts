/** `proteus cache nginx`: the configuration of an nginx in front of a cache. */

import path from 'node:path';
import { AppError } from '../../util/app-error.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, printResult } from '../context.ts';
import { renderNginx } from '../nginx/render-nginx.ts';
import { findLocalServer } from '../server/server-file.ts';
import { type DataFlags, serverSettings, withDataFlags } from '../server/server-settings.ts';

interface Flags extends DataFlags {
  readonly serverName: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly upstream?: string;
  readonly files?: string;
  readonly site?: boolean;
}

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command)
    .option('--server-name <names>', 'what clients call it', '_')
    .option('--tls-cert <file>', 'certificate with its chain; without one it speaks plain HTTP')
    .option('--tls-key <file>', 'key of the certificate (default: the same file)')
    .option('--upstream <address>', 'HOST:PORT or unix:/PATH of the cache (default: the server here)')
    .option('--files <folder>', 'folder nar of the stored NARs, for nginx to send them itself')
    .option('--site', 'print only what goes into http { … }, as for a file in conf.d')
    .addHelpText(
      'after',
      `
Set base-url of the server to the outside address as well; with --files, also x-accel = "/_nar/" in [nars]. The user that
nginx runs as must be able to read that folder.

Examples:
  proteus cache nginx --server-name cache.example.org --tls-cert /etc/ssl/cache.pem > /etc/nginx/nginx.conf
  proteus cache nginx --site --upstream 127.0.0.1:5000 > /etc/nginx/conf.d/cache.conf
  nginx -t && nginx -s reload
`,
    )
    .action((flags: Flags) => {
      run(async (context) => {
        const configuration = await render(context, flags);
        printResult(context, configuration.trimEnd(), { configuration });
        return 0;
      });
    });
};

async function render(context: CliContext, flags: Flags): Promise<string> {
  const { tlsCert, tlsKey } = flags;
  if (tlsCert === undefined && tlsKey !== undefined) {
    throw new AppError('usage.invalid', '--tls-key is of use only with --tls-cert');
  }
  const absolute = (file: string): string => path.resolve(context.cwd, file);
  return renderNginx({
    serverName: flags.serverName,
    tls:
      tlsCert === undefined
        ? undefined
        : { certificate: absolute(tlsCert), key: absolute(tlsKey ?? tlsCert) },
    upstream: flags.upstream ?? (await localUpstream(context, flags)),
    files: flags.files === undefined ? undefined : absolute(flags.files),
    site: flags.site === true,
  });
}

/** Where the server on this machine listens, or would. */
async function localUpstream(context: CliContext, flags: DataFlags): Promise<string> {
  const { config, directory } = await serverSettings(context, flags);
  const running = await findLocalServer(directory.root);
  if (running !== undefined) return new URL(running.url).host;
  const { host, port } = config.listen;
  const near = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return near.includes(':') ? `[${near}]:${port}` : `${near}:${port}`;
}
