/** What a client must be told once to use a cache: lines to paste, and a command that proves that they work. */

import { type PublicKey, printPublicKey } from '../nix/public-key.ts';
import type { StorePath } from '../nix/store-path.ts';

/**
 * The lines, without line ends. `url`: as clients reach the cache; `keys`: all that it signs with; `path`: one that it
 * has, for the proof. The proof asks the cache, not the client's own store, and succeeds when the client's settings
 * trust a signature there.
 */
export function trustLines(url: string, keys: readonly PublicKey[], path?: StorePath): readonly string[] {
  const texts = keys.map(printPublicKey);
  return [
    'in /etc/nix/nix.conf:',
    `  extra-substituters = ${url}`,
    `  extra-trusted-public-keys = ${texts.join(' ')}`,
    'or in a NixOS configuration:',
    `  nix.settings.substituters = [ "${url}" ];`,
    `  nix.settings.trusted-public-keys = [ ${texts.map((text) => `"${text}"`).join(' ')} ];`,
    'to prove it on that machine:',
    `  ${trustProof(url, path ?? 'PATH')}`,
  ];
}

/** The command of the proof, for a shell. */
export function trustProof(url: string, path: string): string {
  return `nix --extra-experimental-features nix-command store verify --no-contents --store ${url} ${path}`;
}
