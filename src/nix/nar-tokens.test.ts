import { describe, expect, it } from 'vitest';
import { narMagic, narString, padding, regularStart } from './nar-tokens.ts';

describe('padding', () => {
  it('fills up to a multiple of 8', () => {
    expect([0, 1, 7, 8, 9, 2 ** 40 + 1].map(padding)).toEqual([0, 7, 1, 0, 7, 7]);
  });
});

describe('narString', () => {
  it('is length, bytes and zeros', () => {
    expect(narString('abc').toString('hex')).toBe('03000000000000006162630000000000');
    expect(narString('').toString('hex')).toBe('0000000000000000');
    expect(narString(Buffer.alloc(8, 0xff)).toString('hex')).toBe('0800000000000000ffffffffffffffff');
  });

  it('writes texts as byte strings', () => {
    expect(narString('é').toString('hex')).toBe('0200000000000000c3a9000000000000');
    expect(narString('\udce9').toString('hex')).toBe('0100000000000000e900000000000000');
  });
});

describe('the fixed tokens', () => {
  it('open an archive and a file', () => {
    expect(narMagic.toString('latin1')).toBe('\x0d\0\0\0\0\0\0\0nix-archive-1\0\0\0');
    // 80 bytes before the contents of a plain file, and 16 more for the magic; 32 for the executable bit.
    expect(regularStart(0, false)).toHaveLength(96 - narMagic.length);
    expect(regularStart(0, true)).toHaveLength(128 - narMagic.length);
  });

  it('write sizes beyond 32 bits', () => {
    const size = 2 ** 40 + 5;
    expect(regularStart(size, false).readBigUInt64LE(96 - narMagic.length - 8)).toBe(BigInt(size));
  });
});
