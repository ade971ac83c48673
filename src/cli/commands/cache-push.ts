/** `proteus cache push PATH…`: uploads paths, with all that they refer to, to a cache that lacks them. */

import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { parseStorePath, type StorePath, storeDir } from '../../nix/store-path.ts';
import { readClosure } from '../../store/read-closure.ts';
import { referencesFirst } from '../../store/references-first.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { type CacheTargetFlags, cacheTarget, withCacheTarget } from '../caches/cache-target.ts';
import { openPusher } from '../caches/open-pusher.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, printResult } from '../context.ts';
import { integer } from '../network-options.ts';

interface Flags extends CacheTargetFlags {
  readonly jobs?: number;
}

export const define: CommandModule['define'] = (command, run) => {
  withCacheTarget(command.argument('<path...>', 'store paths, or links to them such as ./result'))
    .option('--jobs <n>', 'files packed and sent at a time', integer)
    .addHelpText(
      'after',
      `
Only what the cache lacks is sent. Interrupted, what was sent stays, and the next run sends the rest.

Examples:
  proteus cache push ./result --to https://ci.example.org/c/team --token-file team.token
  PROTEUS_CACHE_TOKEN=$(cat team.token) proteus cache push /nix/store/…-hello --to http://ci:3000
`,
    )
    .action((paths: readonly string[], flags: Flags) => {
      run((context) => push(context, paths, flags));
    });
};

async function push(context: CliContext, paths: readonly string[], flags: Flags): Promise<number> {
  if (flags.jobs !== undefined && flags.jobs < 1) {
    throw new AppError('usage.invalid', `--jobs wants a number from 1, got ${flags.jobs}`);
  }
  const roots = await Promise.all(paths.map((text) => storePathOf(text, context.cwd)));
  const target = await cacheTarget(context, flags);
  await using pusher = await openPusher(context, target, flags.jobs);
  await using _roots = await pusher.store.leaseTempRoots(roots, { signal: context.signal });
  const result = await pusher.push(referencesFirst(await readClosure(pusher.database, roots)));
  const text =
    result.paths === 0
      ? `${target.url} has all ${result.alreadyThere} paths already`
      : `sent ${result.paths} paths (${formatBytes(result.bytes)}) to ${target.url}; ${result.alreadyThere} were there`;
  printResult(context, text, { to: target.url, ...result });
  return 0;
}

/** The store path that a path or link is, or lies in. Throws `usage.invalid`. */
async function storePathOf(text: string, cwd: string): Promise<StorePath> {
  let real: string;
  try {
    real = await realpath(path.resolve(cwd, text));
  } catch (cause) {
    throw new AppError('usage.invalid', `wanted a path in ${storeDir}, got ${text}: ${errorMessage(cause)}`, {
      cause,
    });
  }
  const [name = ''] = real.startsWith(`${storeDir}/`) ? real.slice(storeDir.length + 1).split('/', 1) : [];
  if (name === '')
    throw new AppError('usage.invalid', `wanted a path in ${storeDir}, got ${text}, which is ${real}`);
  return parseStorePath(`${storeDir}/${name}`);
}
