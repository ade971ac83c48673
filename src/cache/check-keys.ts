/** Refuses signing keys that would make a cache nobody can use, before it serves anything. */

import { parsePublicKey, printPublicKey } from '../nix/public-key.ts';
import type { SecretKey } from '../nix/signing-key.ts';
import { AppError } from '../util/app-error.ts';

/** Throws `cache.no-key`, `cache.duplicate-key`, or `cache.key-invalid` when a key does not verify itself. */
export function checkKeys(keys: readonly SecretKey[]): void {
  if (keys.length === 0) {
    throw new AppError('cache.no-key', 'the cache has no signing key; clients refuse what is not signed');
  }
  const names = new Set<string>();
  for (const key of keys) {
    if (names.has(key.name)) {
      throw new AppError('cache.duplicate-key', `two signing keys of the cache are named ${key.name}`);
    }
    names.add(key.name);
    const probe = `proteus probes ${key.name}`;
    // By way of the text that clients are given, so that what is proved is what they will do.
    if (!parsePublicKey(printPublicKey(key.publicKey)).verify(probe, key.sign(probe))) {
      throw new AppError(
        'cache.key-invalid',
        `the two halves of the signing key ${key.name} do not belong together: its public key does not verify ` +
          'what its secret key signs',
      );
    }
  }
}
