import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines } from './read-lines.ts';

async function lines(...chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  return Array.fromAsync(readLines(stream()));
}

describe('readLines', () => {
  it('gives the last line even when it is not ended', async () => {
    expect(await lines(Buffer.from('a\n\nb'))).toEqual(['a', '', 'b']);
    expect(await lines(Buffer.from('a\n'))).toEqual(['a']);
    expect(await lines()).toEqual([]);
  });

  it('leaves the other characters that end lines elsewhere alone', async () => {
    expect(await lines(Buffer.from('a\u2028b\rc\n'))).toEqual(['a\u2028b\rc']);
  });

  it('does not care how the bytes come in pieces', async () => {
    const text = fc.array(fc.constantFrom('a', 'ü', '🙂', '\n', '"'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat({ max: 100 })), async (characters, cuts) => {
        const bytes = Buffer.from(characters.join(''));
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
          (a, b) => a - b,
        );
        const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));

        expect(await lines(...chunks)).toEqual(await lines(bytes));
        expect((await lines(bytes)).join('\n')).toBe(bytes.toString().replace(/\n$/, ''));
      }),
    );
  });
});
