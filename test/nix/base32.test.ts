import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeBase32, encodeBase32 } from '../../src/nix/base32.ts';
import { nixText } from './run-nix.ts';

describe('base32 and nix-hash', () => {
  it.each([
    ['md5', 16],
    ['sha1', 20],
    ['sha256', 32],
    ['sha512', 64],
  ])('agree on %s', (type, size) => {
    for (const bytes of [randomBytes(size), Buffer.alloc(size), Buffer.alloc(size, 0xff)]) {
      const nix32 = nixText('nix-hash', '--type', type, '--to-base32', bytes.toString('hex'));
      expect(encodeBase32(bytes)).toBe(nix32);
      expect(Buffer.from(decodeBase32(nix32))).toEqual(bytes);
    }
  });

  it('refuse the same texts', () => {
    const nix32 = '00mbh8j3h8265iw60x7521i1mnif36axxgsnsjbghgfq4px2hhz1';
    for (const wrong of [`2${nix32.slice(1)}`, `z${nix32.slice(1)}`, `e${nix32.slice(1)}`, nix32.slice(1)]) {
      expect(() => nixText('nix-hash', '--type', 'sha256', '--to-base16', wrong)).toThrow(
        /invalid (?:base-32|nix32) hash|wrong length/,
      );
      expect(() => decodeBase32(wrong)).toThrow(/^wanted nix32, got /);
    }
  });
});
