import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findMentions } from './find-mentions.ts';

const digit = fc.constantFrom(...'0123456789abcdfghijklmnpqrsvwxyz'.split(''));
const hashPart = fc.string({ unit: digit, minLength: 32, maxLength: 32 });

function search(bytes: Buffer, cuts: readonly number[] = []): readonly string[] {
  const found = findMentions();
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    found.push(bytes.subarray(from, cut));
    from = cut;
  }
  return found.found();
}

/** The same by a regular expression over all of it. */
function expected(text: string): readonly string[] {
  const found = [...text.matchAll(/\/nix\/store\/(?=([0-9abcdfghijklmnpqrsvwxyz]{32}))/g)];
  return [...new Set(found.map(([, hash]) => hash ?? ''))];
}

describe('findMentions', () => {
  it('finds whatever is mentioned, in whatever pieces it comes', () => {
    const noise = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.constantFrom(
        '/nix/store/',
        '/nix/stor',
        '/nix/store//nix/store/',
        '/nix/store/0123',
        '\0'.repeat(50),
      ),
    );
    const mention = hashPart.map((hash) => `/nix/store/${hash}-name`);
    const text = fc.array(fc.oneof(noise, mention), { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(400), { maxLength: 30 }), (content, places) => {
        const bytes = Buffer.from(content, 'latin1');
        const cuts = places.filter((place) => place <= bytes.length).toSorted((a, b) => a - b);

        expect(search(bytes, cuts)).toEqual(expected(bytes.toString('latin1')));
      }),
      { numRuns: 2000 },
    );
  });

  it('finds one that is cut at every byte, and two that follow each other at once', () => {
    const [one, two] = ['0'.repeat(32), 'z'.repeat(32)];
    const bytes = Buffer.from(`x/nix/store/${one}/nix/store/${two}`);
    const everywhere = Array.from({ length: bytes.length - 1 }, (_, n) => n + 1);

    expect(search(bytes, everywhere)).toEqual([one, two]);
    for (const cut of everywhere) expect(search(bytes, [cut])).toEqual([one, two]);
  });

  it('finds one whose folder begins where another ends', () => {
    const hash = '0'.repeat(32);

    expect(search(Buffer.from(`/nix/store/nix/store/${hash}-x`))).toEqual([hash]);
  });

  it('takes nothing for a mention that is none', () => {
    const short = `/nix/store/${'0'.repeat(31)}`;
    const removed = `/nix/store/${'e'.repeat(32)}-removed`;
    const elsewhere = `/gnu/store/${'0'.repeat(32)}-x`;

    expect(search(Buffer.from(`${short} ${removed} ${elsewhere} ${'0'.repeat(32)}`))).toEqual([]);
  });

  it('remembers no more than some, of a list of a whole store', () => {
    const found = findMentions();
    for (let n = 0; n < 25_000; n++) found.push(Buffer.from(`/nix/store/${String(n).padStart(32, '0')}-x\n`));

    expect(found.found()).toHaveLength(20_000);
  });
});
