/** `proteus cache gc`: lets the caches of a server go what nothing keeps and no client was told of for a month. */

import { cacheRetentionPlan } from '../../api/v1/schemas/server.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command)
    .option('--dry-run', 'only say what would go, why, and how many bytes')
    .addHelpText(
      'after',
      `
The server does this by itself once a day. A path stays while it is pinned, while a jobset keeps it, while it was added or
served within the last 30 days ([retention] cache-grace), and while a path that stays refers to it. Files go an hour after
their paths. Logs and realisations that were uploaded go with the paths that they belong to, once they are as old; --json
names them.

Examples:
  proteus cache gc --dry-run
  proteus cache gc --json
`,
    )
    .action((flags: ServerFlags & { readonly dryRun?: boolean }) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const path = '/api/v1/caches/retention?limit=1000';
        const { keptPaths, paths, files, extras } = flags.dryRun
          ? await client.get(path, cacheRetentionPlan)
          : await client.send('POST', path, undefined, cacheRetentionPlan);
        const table = renderTable(
          ['cache', 'path', 'size', 'why'],
          paths.items.map(({ cache, path, narSize, why }) => [cache, path, formatBytes(narSize), why]),
          'no path to let go',
        );
        const more = paths.total > paths.items.length ? [`and ${paths.total - paths.items.length} more`] : [];
        const [verb, deleted] = flags.dryRun
          ? ['would be let go', 'would be deleted']
          : ['let go', 'deleted'];
        const said = [
          `${keptPaths} paths kept, ${paths.total} ${verb}`,
          `${files.now.count} files (${formatBytes(files.now.bytes)}) ${deleted}`,
          `${files.later.count} files (${formatBytes(files.later.bytes)}) go in an hour, unless their paths come back`,
          `${extras.logs.count} logs (${formatBytes(extras.logs.bytes)}) and ${extras.realisations.count} ` +
            `realisations (${formatBytes(extras.realisations.bytes)}) ${deleted}`,
        ];
        printResult(context, [...table, ...more, ...said].join('\n'), {
          keptPaths,
          paths: paths.items,
          total: paths.total,
          files,
          extras: { logs: extras.logs, realisations: extras.realisations, items: extras.list.items },
          dryRun: flags.dryRun === true,
        });
        return 0;
      });
    });
};
