import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatBareHash, formatHash, type Hash, parseHash } from '../../src/nix/hash.ts';
import { nixText } from './run-nix.ts';

const algorithms = ['md5', 'sha1', 'sha256', 'sha512'] as const;

describe('hash spellings and Nix', () => {
  it.each(algorithms)('agree on %s', (algorithm) => {
    const bytes = createHash(algorithm).update('proteus').digest();
    const hash: Hash = { algorithm, bytes: new Uint8Array(bytes) };
    const nix32 = nixText('nix-hash', '--type', algorithm, '--to-base32', bytes.toString('hex'));
    expect(formatBareHash(hash, 'nix32')).toBe(nix32);
    for (const spelling of ['sri', 'base16', 'base64'] as const) {
      const wanted = nixText('nix', 'hash', `to-${spelling}`, '--type', algorithm, nix32);
      const ours = spelling === 'sri' ? formatHash(hash, 'sri') : formatBareHash(hash, spelling);
      expect(ours).toBe(wanted);
      expect(parseHash(wanted, algorithm)).toEqual(hash);
    }
  });

  it.each(algorithms)('are read by Nix with their prefix: %s', (algorithm) => {
    const bytes = createHash(algorithm).update('proteus').digest();
    const hash: Hash = { algorithm, bytes };
    for (const form of ['base16', 'nix32', 'base64', 'sri'] as const) {
      expect(nixText('nix', 'hash', 'to-base16', formatHash(hash, form))).toBe(bytes.toString('hex'));
    }
  });
});
