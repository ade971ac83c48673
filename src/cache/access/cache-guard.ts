/**
 * Who may read a cache, and who may put something into it. A public cache is read by anybody; everything else wants a
 * token of that cache, or of a user of the server who may.
 *
 * Whoever has no token that is good for the cache hears the same, whatever the cache has, and whether there is one.
 */

import { timingSafeEqual } from 'node:crypto';
import type { CacheTokenRepository } from '../../db/cache-database.ts';
import type { CacheTokenRecord } from '../../db/cache-records.ts';
import { AppError } from '../../util/app-error.ts';
import { cacheTokenPrefix, hashCacheToken } from './cache-token.ts';
import { readToken } from './read-token.ts';

export type Need = 'read' | 'push';

/** Undefined stands for a cache that is not there, which is guarded as if it were private. */
export type Guarded = { readonly id: number; readonly name: string; readonly isPrivate: boolean } | undefined;

export interface CacheGuardDeps {
  readonly tokens: Pick<CacheTokenRepository, 'use'>;
  /** True when the token is that of a user of the server who may do that with the cache. */
  readonly userMay?: ((token: string, cache: Guarded, need: Need) => Promise<boolean>) | undefined;
  /** A secret of the server itself, which asks its own cache: it may read. */
  readonly ownToken?: string | undefined;
  readonly now: () => number;
}

export interface CacheGuard {
  /** Undefined: it may, known without a question. Rejects with `cache.unauthorized` or `cache.forbidden`. */
  admit(authorization: string | undefined, cache: Guarded, need: Need): Promise<void> | undefined;
}

/** For so long a token is not asked for again: also how long one that was taken back may still be good. */
const rememberedMs = 5000;
const maxRemembered = 1000;

export function createCacheGuard(deps: CacheGuardDeps): CacheGuard {
  const known = new Map<string, { readonly token: CacheTokenRecord; readonly until: number }>();

  const find = async (secret: string): Promise<CacheTokenRecord | undefined> => {
    if (!secret.startsWith(cacheTokenPrefix)) return undefined;
    const hash = hashCacheToken(secret);
    const now = deps.now();
    const remembered = known.get(hash);
    if (remembered !== undefined && remembered.until > now) return remembered.token;
    known.delete(hash);
    const token = await deps.tokens.use(hash, now);
    if (token === undefined) return undefined;
    if (known.size >= maxRemembered) known.clear();
    known.set(hash, {
      token,
      until: Math.min(now + rememberedMs, token.expiresAt ?? Number.POSITIVE_INFINITY),
    });
    return token;
  };

  const ask = async (secret: string | undefined, cache: Guarded, need: Need): Promise<void> => {
    if (secret !== undefined) {
      if (need === 'read' && deps.ownToken !== undefined && isSame(secret, deps.ownToken)) return;
      const token = await find(secret);
      if (token !== undefined && token.cacheId === cache?.id) {
        if (need === 'read' || token.mayPush) return;
        throw new AppError(
          'cache.forbidden',
          `the token '${token.name}' may read the cache, not upload to it`,
        );
      }
      if (token === undefined && (await deps.userMay?.(secret, cache, need)) === true) return;
    }
    throw new AppError(
      'cache.unauthorized',
      need === 'push'
        ? 'uploading needs a token that may push to this cache'
        : 'there is no such cache here, or reading it needs a token',
    );
  };

  return {
    admit(authorization, cache, need) {
      if (need === 'read' && cache?.isPrivate === false) return undefined;
      return ask(readToken(authorization), cache, need);
    },
  };
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [hashCacheToken(a), hashCacheToken(b)].map((hash) => Buffer.from(hash));
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
