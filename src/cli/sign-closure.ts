/** `--sign-key`: the user's signature on every path of what was built, kept in the store with the path. */

import { fingerprint } from '../nix/fingerprint.ts';
import type { SecretKey } from '../nix/signing-key.ts';
import type { StorePath } from '../nix/store-path.ts';
import { queryClosure } from '../store/query-closure.ts';
import type { Store } from '../store/store.ts';

/** Signs what does not have this key's signature yet. */
export async function signClosure(
  store: Store,
  roots: readonly StorePath[],
  key: SecretKey,
  signal: AbortSignal,
): Promise<void> {
  for (const info of await queryClosure(store, roots, { signal })) {
    if (info.signatures.some((signature) => signature.startsWith(`${key.name}:`))) continue;
    const message = fingerprint({
      path: info.path,
      narHash: { algorithm: 'sha256', bytes: Buffer.from(info.narHash, 'hex') },
      narSize: info.narSize,
      references: info.references,
    });
    await store.addSignatures(info.path, [key.sign(message)], { signal });
  }
}
