import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import { type ClosurePath, diffClosures } from './diff-closures.ts';

/** `HASH-NAME=SIZE`; the hash is one digit, repeated. */
const closure = (...texts: readonly string[]): readonly ClosurePath[] =>
  texts.map((text) => {
    const [, digit = '', name = '', size = '1'] = /^(\w)-([^=]+)(?:=(\d+))?$/.exec(text) ?? [];
    return { path: parseStorePath(`/nix/store/${digit.repeat(32)}-${name}`), narSize: Number(size) };
  });

describe('diffClosures', () => {
  it('says which packages came, went and changed', () => {
    const { packages, rebuilt } = diffClosures(
      closure('1-hello-2.10', '2-zlib-1.3', '3-gone-1', '4-etc', '5-same-1', '6-lib-1', '7-lib-2'),
      closure('a-hello-2.12', 'b-zlib-1.2.13', 'c-new-9', 'd-etc', '5-same-1', '7-lib-2'),
    );

    expect(packages).toEqual([
      { name: 'gone', change: 'removed', before: ['1'], after: [] },
      { name: 'hello', change: 'up', before: ['2.10'], after: ['2.12'] },
      { name: 'lib', change: 'changed', before: ['1', '2'], after: ['2'] },
      { name: 'new', change: 'added', before: [], after: ['9'] },
      { name: 'zlib', change: 'down', before: ['1.3'], after: ['1.2.13'] },
    ]);
    expect(rebuilt).toEqual(['etc']);
  });

  it('weighs both, and what only the new one has', () => {
    const diff = diffClosures(closure('1-a-1=10', '2-b-1=5'), closure('1-a-1=10', '3-b-1=7', '4-c-1=2'));

    expect(diff).toMatchObject({ bytesBefore: 15, bytesAfter: 19, newPaths: 2, newBytes: 9, rebuilt: ['b'] });
  });

  it('finds nothing between equals', () => {
    const one = closure('1-a-1', '2-b');

    expect(diffClosures(one, one)).toMatchObject({ packages: [], rebuilt: [], newPaths: 0, newBytes: 0 });
  });
});
