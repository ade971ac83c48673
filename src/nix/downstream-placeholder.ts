/**
 * What stands for an output whose path is not known before it is built (of a floating content-addressed derivation) in
 * whatever uses it: `/` and the sha256 of `nix-upstream-output:<hash of the .drv path>:<name of the output path>` in nix32.
 * Source: libstore/downstream-placeholder.cc.
 */

import { createHash } from 'node:crypto';
import { encodeBase32 } from './base32.ts';
import { type StorePath, storePathHash, storePathName } from './store-path.ts';

export function downstreamPlaceholder(drvPath: StorePath, output: string): string {
  const name = storePathName(drvPath).replace(/\.drv$/, '');
  const path = output === 'out' ? name : `${name}-${output}`;
  const text = `nix-upstream-output:${storePathHash(drvPath)}:${path}`;
  return `/${encodeBase32(createHash('sha256').update(text).digest())}`;
}
