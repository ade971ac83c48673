/** `proteus cache scrub`: reads every stored NAR again, and mends or gives up what is damaged. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { openNarBlobs } from '../../blobs/open-nar-blobs.ts';
import { createTempRootKeeper } from '../../cache/create-temp-root-keeper.ts';
import { scrubKept } from '../../cache/kept/scrub-kept.ts';
import { createDumpPool } from '../../cache/live/create-dump-pool.ts';
import { openStoredNars } from '../../cache/stored/open-stored-nars.ts';
import { remakeFromStore } from '../../cache/stored/remake-from-store.ts';
import { type ScrubFinding, scrub } from '../../cache/stored/scrub.ts';
import { parseBytes } from '../../config/parse-bytes.ts';
import { parseSeconds } from '../../config/parse-seconds.ts';
import { openDatabase } from '../../db/open-database.ts';
import { openStore } from '../../store/open-store.ts';
import { openStoreDatabase } from '../../store/store-database.ts';
import { AppError } from '../../util/app-error.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, printResult } from '../context.ts';
import {
  type DataFlags,
  openServerDatabase,
  serverSettings,
  withDataFlags,
} from '../server/server-settings.ts';

/** Beside the files of `cache serve --nars`. */
const databaseFile = 'proteus.db';

interface Flags extends DataFlags {
  readonly nars?: string;
  readonly olderThan: string;
  readonly rate: string;
}

export const define: CommandModule['define'] = (command, run) => {
  withDataFlags(command)
    .option('--nars <place>', 'a folder or s3://… as for cache serve (default: what the server has)')
    .option('--older-than <time>', 'leave out what was verified since, such as "7 d"', '0')
    .option('--rate <size>', 'read at most so much a second, such as "50 MiB"; 0: as fast as it goes', '0')
    .addHelpText(
      'after',
      `
A damaged file is made anew where the store still has its path; else the cache gives it up, with what refers to it. Logs
that were uploaded are read, too. NARs that were kept before Proteus knew of debug information are looked into, once.
Files that no cache knows of are removed. It may be ended at any time, and the server need not be stopped for it.
The exit code is 1 when something was lost, or could not be read.

Examples:
  proteus cache scrub --older-than "7 d" --rate "50 MiB"
  proteus cache scrub --nars /var/cache/nars
`,
    )
    .action((flags: Flags) => {
      run((context) => scrubAll(context, flags));
    });
};

async function scrubAll(context: CliContext, flags: Flags): Promise<number> {
  const { env, signal } = context;
  const bytesPerSecond = parseBytes(flags.rate);
  const before = Date.now() - parseSeconds(flags.olderThan) * 1000;
  const settings = await serverSettings(context, flags);
  const isOwn = flags.nars !== undefined && !flags.nars.startsWith('s3:');
  const own = isOwn ? path.resolve(context.cwd, flags.nars ?? '') : flags.nars;
  const place = own ?? settings.config.nars.at ?? settings.directory.nars;
  if (isOwn && flags.database === undefined && !existsSync(path.join(place, databaseFile))) {
    // Made anew it would know of no file, so all of them would go as orphans in the end.
    throw new AppError(
      'usage.invalid',
      `wanted a folder of NARs with a ${databaseFile}, as cache serve keeps them; there is none in ${place}`,
      { hint: 'For the files of a server leave out --nars, or name its database with --database.' },
    );
  }
  await using stack = new AsyncDisposableStack();
  const { staging } = settings.directory;
  const blobs = stack.use(await openNarBlobs(place, { staging, env }));
  const database = stack.use(
    isOwn && flags.database === undefined
      ? await openDatabase(path.join(place, databaseFile), { now: Date.now })
      : await openServerDatabase(settings),
  );
  const store = stack.use(await openStore({ type: 'local' }, { signal, env }));
  const storeDatabase = stack.use(await openStoreDatabase());
  const pool = stack.use(createDumpPool());
  const nars = stack.use(
    await openStoredNars({
      blobs,
      database,
      remake: remakeFromStore({
        paths: database.cachePaths,
        storeDatabase,
        roots: createTempRootKeeper(store),
        dump: (info) => pool.dumpShared(info),
      }),
      onWithdrawn: (paths) => {
        for (const { path } of paths)
          context.emit({ type: 'message', level: 'warning', text: `${path} is kept no more` });
      },
    }),
  );
  const common = {
    blobs,
    database,
    now: Date.now,
    signal,
    onFound: ({ kind, file, message }: ScrubFinding) =>
      context.emit({ type: 'message', level: 'warning', text: `${file}: ${kind}: ${message}` }),
  };
  const files = await scrub({ ...common, nars, before, bytesPerSecond });
  const kept = await scrubKept(common);
  const report = {
    ...files,
    logs: kept.logs,
    withdrawn: files.withdrawn + kept.withdrawn,
    orphans: files.orphans + kept.orphans,
    unreadable: files.unreadable + kept.unreadable,
  };
  const { bytes, lookedInto, repaired, withdrawn, orphans, unreadable, logs } = report;
  printResult(
    context,
    `${report.files} ${report.files === 1 ? 'file' : 'files'} (${formatBytes(bytes)})${logs === 0 ? '' : ` and ${logs} logs`} read: ${repaired} made anew, ${withdrawn} given up, ` +
      `${orphans} without a row removed, ${unreadable} not readable` +
      (lookedInto === 0 ? '' : `; looked for debug information in ${lookedInto}`),
    { ...report },
  );
  return withdrawn + unreadable === 0 ? 0 : 1;
}
