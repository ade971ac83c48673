import { describe, expect, it } from 'vitest';
import { WireEncoder } from './wire-encoder.ts';

describe('WireEncoder', () => {
  it('writes numbers little-endian, in eight bytes', () => {
    expect(new WireEncoder().u64(0x0102030405).take().toString('hex')).toBe('0504030201000000');
    expect(new WireEncoder().u64(Number.MAX_SAFE_INTEGER).take().readBigUInt64LE()).toBe(2n ** 53n - 1n);
    expect(new WireEncoder().bool(true).bool(false).take().toString('hex')).toBe(
      '01000000000000000000000000000000',
    );
  });

  it('refuses what is no unsigned integer', () => {
    for (const wrong of [-1, 1.5, 2 ** 53, Number.NaN]) {
      expect(() => new WireEncoder().u64(wrong)).toThrow(RangeError);
    }
  });

  it('pads strings with zeros to a multiple of eight', () => {
    expect(new WireEncoder().string('').take()).toEqual(Buffer.alloc(8));
    expect(new WireEncoder().string('abc').take().toString('latin1')).toBe('\x03\0\0\0\0\0\0\0abc\0\0\0\0\0');
    expect(new WireEncoder().string('12345678').take().toString('latin1')).toBe(
      '\x08\0\0\0\0\0\0\x0012345678',
    );
    expect(new WireEncoder().string('é').take().subarray(0, 11).toString('hex')).toBe(
      '0200000000000000c3a900',
    );
  });

  it('writes byte strings as the bytes that they stand for', () => {
    const bytes = new WireEncoder().string('a\udcffb').take();
    expect(bytes.subarray(8, 11).toString('hex')).toBe('61ff62');
    expect(new WireEncoder().string(Uint8Array.of(0xff)).take()[8]).toBe(0xff);
  });

  it('grows, and starts anew without touching what was taken', () => {
    const encoder = new WireEncoder();
    const large = 'x'.repeat(100_000);
    encoder.u64(7).string(large);
    expect(encoder.pending).toBe(16 + 100_000);
    const taken = encoder.take();
    expect(encoder.pending).toBe(0);
    encoder.raw(Buffer.alloc(5000, 1));
    expect(taken.subarray(16).toString()).toBe(large);
  });
});
