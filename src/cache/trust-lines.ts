/** What a client must be told once to use a cache: lines to paste, and a command that proves that they work. */

import { type PublicKey, printPublicKey } from '../nix/public-key.ts';
import type { StorePath } from '../nix/store-path.ts';
import { describeTrust } from './describe-trust.ts';

/**
 * The lines, without line ends. `url`: as clients reach the cache; `keys`: all that it signs with; `path`: one that it
 * has, for the proof.
 */
export function trustLines(url: string, keys: readonly PublicKey[], path?: StorePath): readonly string[] {
  const { nixConf, nixos, proof } = describeTrust({ url, publicKeys: keys.map(printPublicKey), path });
  return [
    'in /etc/nix/nix.conf:',
    ...nixConf.map((line) => `  ${line}`),
    'or in a NixOS configuration:',
    ...nixos.map((line) => `  ${line}`),
    'to prove it on that machine:',
    `  ${proof}`,
  ];
}
