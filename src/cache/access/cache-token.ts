/**
 * Secrets of caches' tokens: 256 random bits, so that a plain sha256 is all the database needs to keep, and looking one
 * up by that tells nothing by the time it takes.
 */

import { createHash, randomBytes } from 'node:crypto';

/** So that people and scanners know one when they see it, and know it from a user's token. */
export const cacheTokenPrefix = 'proteus_cache_';

export function newCacheToken(random: (size: number) => Buffer = randomBytes): string {
  return cacheTokenPrefix + random(32).toString('base64url');
}

/** What is kept of a secret: sha256, base 16. */
export function hashCacheToken(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
