/** What a client must be told once to use a cache, in the forms in which it is used. Pure. */

import { shellQuote } from '../process/ssh.ts';

export interface TrustSource {
  /** As clients reach the cache, without a slash at its end. */
  readonly url: string;
  /** All keys that it signs with, as `trusted-public-keys` has them. */
  readonly publicKeys: readonly string[];
  /** A path that it has, and that nobody else has signed: for the proof. */
  readonly path?: string | undefined;
}

export interface TrustDescription extends TrustSource {
  /** Lines for nix.conf. */
  readonly nixConf: readonly string[];
  /** Lines for a NixOS configuration. */
  readonly nixos: readonly string[];
  /**
   * A command for a shell. It asks the cache, not the client's own store, and succeeds when the client's settings trust
   * a signature there. Where no path is at hand it holds the word PATH.
   */
  readonly proof: string;
}

export function describeTrust(source: TrustSource): TrustDescription {
  const { url, publicKeys, path = 'PATH' } = source;
  return {
    ...source,
    nixConf: [`extra-substituters = ${url}`, `extra-trusted-public-keys = ${publicKeys.join(' ')}`],
    nixos: [
      `nix.settings.substituters = [ ${nixString(url)} ];`,
      `nix.settings.trusted-public-keys = [ ${publicKeys.map(nixString).join(' ')} ];`,
    ],
    proof: `nix --extra-experimental-features nix-command store verify --no-contents --store ${shellQuote(url)} ${path}`,
  };
}

function nixString(text: string): string {
  return `"${text.replace(/["\\]|\$(?=\{)/g, (character) => `\\${character}`)}"`;
}
