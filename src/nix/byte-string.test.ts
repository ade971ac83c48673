import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeByteString, encodeByteString } from './byte-string.ts';

describe('byte strings', () => {
  it('reads UTF-8 as usual', () => {
    expect(decodeByteString(Buffer.from('naïve 💡 \u0000'))).toBe('naïve 💡 \u0000');
  });

  it('keeps a byte order mark', () => {
    expect(decodeByteString(Buffer.from([0xef, 0xbb, 0xbf, 0x61]))).toBe('\ufeffa');
  });

  it('keeps each byte that is not UTF-8 as a lone surrogate, and the rest readable', () => {
    const latin1 = Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x20, 0xc3, 0xa9]);
    expect(decodeByteString(latin1)).toBe('caf\udce9 é');
    expect(encodeByteString('caf\udce9 é')).toEqual(latin1);
  });

  it('keeps what UTF-8 forbids: surrogates, overlong and cut sequences', () => {
    for (const bytes of [
      [0xed, 0xa0, 0x80],
      [0xc0, 0x80],
      [0xf0, 0x9f, 0x92],
      [0xf5, 0x80, 0x80, 0x80],
    ]) {
      const text = decodeByteString(Buffer.from(bytes));
      expect(text.length).toBe(bytes.length);
      expect([...encodeByteString(text)]).toEqual(bytes);
    }
  });

  it('writes a surrogate that stands for no byte as U+FFFD', () => {
    expect(encodeByteString('a\ud800b\udc7f').toString()).toBe('a\ufffdb\ufffd');
  });

  it('gives back any bytes', () => {
    const mostlyText = fc
      .array(
        fc.oneof(
          fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        ),
      )
      .map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(mostlyText, (bytes) => {
        expect(encodeByteString(decodeByteString(bytes)).equals(bytes)).toBe(true);
      }),
    );
  });

  it('gives back any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeByteString(encodeByteString(text))).toBe(text);
      }),
    );
  });
});
