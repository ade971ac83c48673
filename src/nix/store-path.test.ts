import { describe, expect, it } from 'vitest';
import {
  isDerivationPath,
  isStorePath,
  parseStorePath,
  storePathBaseName,
  storePathFromBaseName,
  storePathHash,
  storePathName,
} from './store-path.ts';

const hash = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r';
const text = `/nix/store/${hash}-hello-2.12.drv`;

describe('parseStorePath', () => {
  it('takes a store path apart', () => {
    const path = parseStorePath(text);
    expect(storePathBaseName(path)).toBe(`${hash}-hello-2.12.drv`);
    expect(storePathHash(path)).toBe(hash);
    expect(storePathName(path)).toBe('hello-2.12.drv');
    expect(isDerivationPath(path)).toBe(true);
    expect(storePathFromBaseName(storePathBaseName(path))).toBe(path);
  });

  it.each(['a', '.a', '...', '..a', '+-._?=', 'x'.repeat(211), '.-'.replace('-', 'b')])(
    'accepts the name %s',
    (name) => {
      expect(isStorePath(`/nix/store/${hash}-${name}`)).toBe(true);
    },
  );

  it.each(['', '.', '..', '.-a', '..-a', 'a/b', 'a b', 'a\n', 'é', 'a\0', 'x'.repeat(212)])(
    'refuses the name %j',
    (name) => {
      const wrong = `/nix/store/${hash}-${name}`;
      expect(isStorePath(wrong)).toBe(false);
      expect(() => parseStorePath(wrong)).toThrow(
        `wanted a store path like /nix/store/<32 characters>-<name>, got ${JSON.stringify(wrong)}`,
      );
    },
  );

  it.each([
    '',
    hash,
    `/gnu/store/${hash}-a`,
    `/nix/store/${hash.replace('k', 'e')}-a`,
    `${text}/bin`,
    ` ${text}`,
  ])('refuses %j', (wrong) => {
    expect(() => parseStorePath(wrong)).toThrow(expect.objectContaining({ code: 'store-path.invalid' }));
  });
});
