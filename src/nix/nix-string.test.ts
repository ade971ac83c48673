import { describe, expect, it } from 'vitest';
import { nixString, nixStringList } from './nix-string.ts';

const dollar = '$';

describe('nixString', () => {
  it.each([
    ['plain', '"plain"'],
    ['a "b" \\ c', '"a \\"b\\" \\\\ c"'],
    [`${dollar}{x} $y $${dollar}{z}`, `"\\${dollar}{x} $y $\\${dollar}{z}"`],
    ['two\nlines\r\tmore', '"two\\nlines\\r\\tmore"'],
    ['ü 🙂', '"ü 🙂"'],
  ])('writes %j', (text, literal) => {
    expect(nixString(text)).toBe(literal);
  });
});

describe('nixStringList', () => {
  it('writes a list', () => {
    expect(nixStringList(['a b', 'c'])).toBe('[ "a b" "c" ]');
    expect(nixStringList([])).toBe('[  ]');
  });
});
