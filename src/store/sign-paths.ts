/** Signatures of ours on store paths, kept in the store with the paths. */

import { fingerprint } from '../nix/fingerprint.ts';
import type { SecretKey } from '../nix/signing-key.ts';
import type { CallOptions, PathInfo, Store } from './store.ts';

/** Signs with each of the keys what does not have that key's signature yet. */
export async function signPaths(
  store: Pick<Store, 'addSignatures'>,
  infos: Iterable<PathInfo>,
  keys: readonly SecretKey[],
  options: CallOptions = {},
): Promise<void> {
  for (const info of infos) {
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
}
