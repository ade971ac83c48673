import { describe, expect, it } from 'vitest';
import { parseBuildProducts } from './parse-build-products.ts';

describe('parseBuildProducts', () => {
  it('reads type, subtype, path and default path', () => {
    expect(
      parseBuildProducts(
        'file iso /nix/store/x/image.iso\ndoc manual /nix/store/x/manual index.html\n\treport coverage   /nix/store/x  \n',
      ),
    ).toEqual([
      { type: 'file', subtype: 'iso', path: '/nix/store/x/image.iso', defaultPath: '' },
      { type: 'doc', subtype: 'manual', path: '/nix/store/x/manual', defaultPath: 'index.html' },
      { type: 'report', subtype: 'coverage', path: '/nix/store/x', defaultPath: '' },
    ]);
  });

  it('reads a path with spaces in quotes', () => {
    expect(parseBuildProducts('doc none "/nix/store/x/some text.txt" a/b.html')).toEqual([
      { type: 'doc', subtype: 'none', path: '/nix/store/x/some text.txt', defaultPath: 'a/b.html' },
    ]);
  });

  it.each([
    ['', 'an empty line'],
    ['file iso', 'no path'],
    ['file iso "/nix/store/x', 'an open quote'],
    ['file iso ""', 'an empty path'],
    ['file i/so /nix/store/x', 'a subtype with a slash'],
    ['# file iso /nix/store/x', 'something before'],
    ['file iso /nix/store/x a b', 'something after'],
    ['file iso /nix/store/<x>', 'angle brackets'],
    ['doc manual /nix/store/x ../../etc/passwd', 'a default path that leaves the product'],
  ])('says nothing for %j: %s', (text) => {
    expect(parseBuildProducts(text)).toEqual([]);
  });
});
