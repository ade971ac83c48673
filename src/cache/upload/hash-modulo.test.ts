import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashModulo } from './hash-modulo.ts';

const modulus = '0123456789abcdfghijklmnpqrsvwxyz';
const zeros = '\0'.repeat(32);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function inPieces(text: string, size: number, which: 0 | 1 = 0): string {
  const hash = hashModulo('sha256', modulus);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) hash.update(bytes.subarray(at, at + size));
  return Buffer.from(hash.digests()[which]).toString('hex');
}

describe('hashModulo', () => {
  it('is the plain hash of what does not hold the modulus', () => {
    expect(inPieces('hello', 2)).toBe(sha256('hello'));
    expect(inPieces('', 1)).toBe(sha256(''));
    expect(inPieces(modulus.slice(1), 5)).toBe(sha256(modulus.slice(1)));
  });

  it('reads the modulus as zeros and adds its places, wherever the pieces end', () => {
    const wanted = sha256(`a${zeros}${zeros}bc${zeros}|1|33|67`);

    for (const size of [1, 7, 31, 32, 33, 64, 1000])
      expect(inPieces(`a${modulus}${modulus}bc${modulus}`, size)).toBe(wanted);
  });

  it('leaves the places out, as newer releases of Nix do', () => {
    expect(inPieces(`a${modulus}b`, 9, 1)).toBe(sha256(`a${zeros}b`));
    expect(inPieces('hello', 2, 1)).toBe(sha256('hello'));
  });

  it('tells content that has zeros already from content with the modulus', () => {
    expect(inPieces(`a${zeros}`, 9)).not.toBe(inPieces(`a${modulus}`, 9));
  });

  it('does not depend on the pieces', () => {
    const piece = fc.constantFrom(modulus, modulus.slice(0, 20), modulus.slice(20), zeros, 'x');
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1, max: 200 }), (pieces, size) => {
        const text = pieces.join('');
        expect(inPieces(text, size)).toBe(inPieces(text, 100_000));
      }),
    );
  });

  it('leaves the chunks as they were', () => {
    const chunk = Buffer.from(modulus);
    hashModulo('sha256', modulus).update(chunk);

    expect(chunk.toString()).toBe(modulus);
  });
});
