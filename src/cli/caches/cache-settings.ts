/** The flags that say what a cache is like. */

import type { Command } from 'commander';
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

export interface CacheSettings {
  readonly isPrivate: boolean;
  readonly priority: number;
  readonly quota: number | null;
  readonly keys: readonly string[];
}

/** What is not given stays as in `before`. Throws `usage.invalid`. */
export function cacheSettings(flags: CacheSettingFlags, before: CacheSettings): CacheSettings {
  if (flags.private && flags.public)
    throw new AppError('usage.invalid', 'wanted --private or --public, not both');
  const { priority = before.priority, key: keys = before.keys } = flags;
  if (priority < 0) throw new AppError('usage.invalid', `--priority wants a number from 0, got ${priority}`);
  const isPrivate = flags.private ? true : flags.public ? false : before.isPrivate;
  return { isPrivate, priority, quota: quotaOf(flags.quota, before.quota), keys };
}

function quotaOf(text: string | undefined, before: number | null): number | null {
  if (text === undefined) return before;
  if (text === 'none') return null;
  try {
    return parseBytes(text);
  } catch {
    throw new AppError('usage.invalid', `--quota wants a size such as "50 GiB", or "none"; got '${text}'`);
  }
}
