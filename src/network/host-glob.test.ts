import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostGlob } from './host-glob.ts';

const names = ['db01', 'db02', 'web-1.eu', 'web01', 'web02'];
const matching = (pattern: string): string[] => names.filter(hostGlob(pattern));

describe('hostGlob', () => {
  it.each([
    ['*', names],
    ['**', names],
    ['web*', ['web-1.eu', 'web01', 'web02']],
    ['*01', ['db01', 'web01']],
    ['{db,web}01', ['db01', 'web01']],
    ['{db0?,web0[2-9]}', ['db01', 'db02', 'web02']],
    ['{db,w{e,x}b}01', ['db01', 'web01']],
    ['db?[12]', ['db01', 'db02']],
    ['db0[!1]', ['db02']],
    ['db0[!1-1]', ['db02']],
    ['web?1.eu', ['web-1.eu']],
    ['WEB01', []],
    ['web', []],
    ['', []],
    ['web-1.eu,db.eu', []],
    ['@tag', []],
    ['^db01$', []],
  ])('%s', (pattern, expected) => {
    expect(matching(pattern)).toEqual(expected);
  });

  it('takes a character after a backslash as it is', () => {
    expect(hostGlob('a\\*')('a*')).toBe(true);
    expect(hostGlob('a\\*')('ab')).toBe(false);
    expect(hostGlob('{a\\,b,c}')('a,b')).toBe(true);
    expect(hostGlob('[\\]x]')(']')).toBe(true);
  });

  it('gives commas, closing braces and dashes a meaning only where they have one', () => {
    expect(hostGlob('a,b}')('a,b}')).toBe(true);
    expect(hostGlob('[ab-]')('-')).toBe(true);
  });

  it('counts characters, not their parts', () => {
    expect(hostGlob('?')('🙂')).toBe(true);
    expect(hostGlob('[🙂]')('🙂')).toBe(true);
  });

  it.each([
    ['web[', "the pattern 'web[' cannot be read: a '[' is not closed"],
    ['[a-', "the pattern '[a-' cannot be read: a '[' is not closed"],
    ['{a,b', "the pattern '{a,b' cannot be read: a '{' is not closed"],
    ['[]', "the pattern '[]' cannot be read: a set is empty"],
    ['[z-a]', "the pattern '[z-a]' cannot be read: the range z-a is empty"],
    ['[a-zx]', "the pattern '[a-zx]' cannot be read: after the range a-z there must be a ']'"],
  ])('refuses %s', (pattern, message) => {
    expect(() => hostGlob(pattern)).toThrow(expect.objectContaining({ code: 'usage.invalid', message }));
  });

  it('matches every name with itself, escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const escaped = Array.from(name, (character) => `\\${character}`).join('');

        expect(hostGlob(escaped)(name)).toBe(true);
        expect(hostGlob(escaped)(`${name}x`)).toBe(false);
      }),
    );
  });
});
