import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Hash, parseHash } from './hash.ts';
import { makeFixedOutputPath, makeTextPath } from './make-store-path.ts';
import { storePathFromBaseName } from './store-path.ts';

const sha256 = (text: string): Hash => ({
  algorithm: 'sha256',
  bytes: createHash('sha256').update(text).digest(),
});
const sha1: Hash = { algorithm: 'sha1', bytes: createHash('sha1').update('x').digest() };
const a = storePathFromBaseName('5k2r78dr3fdr14rll13sm5dmjb5fpw3r-a');
const b = storePathFromBaseName('7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-b');

describe('makeTextPath', () => {
  it('depends on the name, the text and the references, but not on their order', () => {
    const path = makeTextPath('x', sha256('text'), [a, b]);
    expect(path).toMatch(/^\/nix\/store\/[0-9a-z]{32}-x$/);
    expect(makeTextPath('x', sha256('text'), [b, a, b])).toBe(path);
    const others = [
      makeTextPath('y', sha256('text'), [a, b]),
      makeTextPath('x', sha256('other'), [a, b]),
      makeTextPath('x', sha256('text'), [a]),
      makeTextPath('x', sha256('text')),
    ];
    expect(new Set([path, ...others]).size).toBe(5);
  });
});

describe('makeFixedOutputPath', () => {
  it('depends on the method, the references and itself', () => {
    const content = { name: 'x', method: 'nar', hash: sha256('text') } as const;
    const paths = [
      makeFixedOutputPath(content),
      makeFixedOutputPath({ ...content, method: 'flat' }),
      makeFixedOutputPath({ ...content, references: [a] }),
      makeFixedOutputPath({ ...content, references: [a], self: true }),
      makeFixedOutputPath({ ...content, hash: sha1 }),
      makeFixedOutputPath({ ...content, hash: sha1, method: 'flat' }),
    ];
    expect(new Set(paths).size).toBe(6);
  });

  it('refuses references where they have no place', () => {
    const hash = sha256('text');
    expect(() => makeFixedOutputPath({ name: 'x', method: 'flat', hash, references: [a] })).toThrow(
      'x: only content hashed by sha256 of its NAR may have references, not flat sha256',
    );
    expect(() => makeFixedOutputPath({ name: 'x', method: 'nar', hash: sha1, self: true })).toThrow(
      'not nar sha1',
    );
  });

  it('refuses a name no path may have', () => {
    const hash = parseHash('0'.repeat(64), 'sha256');
    expect(() => makeFixedOutputPath({ name: 'a b', method: 'nar', hash })).toThrow(
      expect.objectContaining({ code: 'store-path.invalid' }),
    );
  });
});
