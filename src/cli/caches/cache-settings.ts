/** The flags that say what a cache is like. */

import type { Command } from 'commander';
import type { CacheChange } from '../../cache/manage/cache-admin.ts';
import { parseBytes } from '../../config/parse-bytes.ts';
import { AppError } from '../../util/app-error.ts';
import { collect, integer } from '../network-options.ts';

export interface CacheSettingFlags {
  readonly private?: boolean | undefined;
  readonly public?: boolean | undefined;
  readonly priority?: number | undefined;
  readonly quota?: string | undefined;
  readonly key?: readonly string[] | undefined;
}

export function withCacheSettings(command: Command): Command {
  return command
    .option('--private', 'reading needs a token')
    .option('--public', 'anybody may read')
    .option('--priority <n>', 'what nix-cache-info says; clients ask lower numbers first', integer)
    .option('--quota <size>', 'what its files may take, e.g. "50 GiB"; "none" for no limit')
    .option('--key <name>', 'sign with this key of the server; may be given more than once', collect);
}

/** What is not given stays as it is. Throws `usage.invalid`. */
export function cacheChange(flags: CacheSettingFlags): CacheChange {
  if (flags.private && flags.public)
    throw new AppError('usage.invalid', 'wanted --private or --public, not both');
  const { priority, key: keys } = flags;
  if (priority !== undefined && priority < 0)
    throw new AppError('usage.invalid', `--priority wants a number from 0, got ${priority}`);
  const isPrivate = flags.private ? true : flags.public ? false : undefined;
  return { isPrivate, priority, quota: quotaOf(flags.quota), keys };
}

function quotaOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  if (text === 'none') return null;
  try {
    return parseBytes(text);
  } catch {
    throw new AppError('usage.invalid', `--quota wants a size such as "50 GiB", or "none"; got '${text}'`);
  }
}
