/** Signatures of ours on every path of a closure, kept in the store with the paths. */

import { fingerprint } from '../nix/fingerprint.ts';
import type { SecretKey } from '../nix/signing-key.ts';
import type { StorePath } from '../nix/store-path.ts';
import { queryClosure } from './query-closure.ts';
import type { CallOptions, PathInfo, Store } from './store.ts';

/**
 * Signs with each of the keys what does not have that key's signature yet; says the closure, references first. Throws
 * `store.path-missing` when a root is not valid.
 */
export async function signClosure(
  store: Store,
  roots: readonly StorePath[],
  keys: readonly SecretKey[],
  options: CallOptions = {},
): Promise<readonly PathInfo[]> {
  const closure = await queryClosure(store, roots, options);
  for (const info of closure) {
    const missing = keys.filter((key) => !info.signatures.some((had) => had.startsWith(`${key.name}:`)));
    if (missing.length === 0) continue;
    const message = fingerprint({
      path: info.path,
      narHash: { algorithm: 'sha256', bytes: Buffer.from(info.narHash, 'hex') },
      narSize: info.narSize,
      references: info.references,
    });
    await store.addSignatures(
      info.path,
      missing.map((key) => key.sign(message)),
      options,
    );
  }
  return closure;
}
