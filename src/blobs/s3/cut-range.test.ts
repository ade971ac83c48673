import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutRange } from './cut-range.ts';

const whole = Buffer.from('0123456789abcdef');

async function* inPieces(size: number, taken: { pieces: number } = { pieces: 0 }) {
  for (let at = 0; at < whole.length; at += size) {
    taken.pieces += 1;
    yield new Uint8Array(whole.subarray(at, at + size));
  }
}

it('cuts any part out of any pieces', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(16), fc.nat(16), fc.integer({ min: 1, max: 20 }), async (a, b, size) => {
      const range = { start: Math.min(a, b), end: Math.max(a, b) };
      const parts = await Array.fromAsync(cutRange(inPieces(size), range));
      expect(Buffer.concat(parts).toString()).toBe(whole.toString('utf8', range.start, range.end));
    }),
  );
});

it('takes no more than it needs', async () => {
  const taken = { pieces: 0 };
  await Array.fromAsync(cutRange(inPieces(4, taken), { start: 1, end: 6 }));

  expect(taken.pieces).toBe(2);
});
