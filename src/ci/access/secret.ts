/**
 * Secrets that we hand out: sessions and tokens. 256 random bits, so that a plain sha256 is all the database needs to
 * keep, and looking one up by that tells nothing by the time it takes.
 */

import { createHash, randomBytes } from 'node:crypto';

/** Of the tokens for programs, so that people and scanners know one when they see it. */
export const tokenPrefix = 'proteus_';

export function newSessionSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function newTokenSecret(): string {
  return tokenPrefix + randomBytes(32).toString('base64url');
}

/** What is kept of a secret: sha256, base 16. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
