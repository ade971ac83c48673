import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formWaves, type WaveRequest } from './form-waves.ts';
import { parseWaveSizes } from './parse-wave-sizes.ts';

/** `db:tag,tag`, with a `!` before hosts that are only built. */
function hosts(text: string) {
  return text.split(' ').map((word) => {
    const [name = '', tags = ''] = word.replace('!', '').split(':');
    return { name, tags: tags.split(','), buildOnly: word.startsWith('!') };
  });
}
const ten = hosts('a b c d e f g h i j');
const waves = (list: ReturnType<typeof hosts>, request: WaveRequest) =>
  formWaves(list, request).map((wave) => wave.join(''));

describe('waves by size', () => {
  it.each([
    ['1,10%,50%,rest', ['a', 'b', 'cdefg', 'hij']],
    ['25%,25%,25%,25%', ['abc', 'def', 'ghi', 'j']],
    ['3', ['abc', 'defghij']],
    ['1%,rest', ['a', 'bcdefghij']],
    ['100%', ['abcdefghij']],
    ['20,5', ['abcdefghij']],
    ['rest', ['abcdefghij']],
  ])('%s', (sizes, expected) => {
    expect(waves(ten, { sizes: parseWaveSizes(sizes) })).toEqual(expected);
  });

  it('are one wave when none are asked for', () => {
    expect(waves(ten, {})).toEqual(['abcdefghij']);
  });

  it('count only hosts that are deployed to', () => {
    const list = hosts('!x a !y b !z');

    expect(waves(list, { sizes: parseWaveSizes('1,rest') })).toEqual(['xay', 'bz']);
    expect(waves(list, { sizes: parseWaveSizes('50%') })).toEqual(['xay', 'bz']);
  });

  it.each(['', '0', '0%', '101%', 'rest,1', 'some', '1,,2', '-1', '1.5'])('refuse %j', (text) => {
    expect(() => parseWaveSizes(text)).toThrow(
      'wanted the sizes of waves, such as 1,10%,50%,rest: numbers of hosts or percentages from 1% to 100%; got',
    );
  });
});

describe('waves by tag', () => {
  const list = hosts('db1:db db2:prod,db web1:web,db x y');

  it('are one per tag, and one of the hosts without', () => {
    expect(waves(list, { byTag: ['db', 'web'] })).toEqual(['db1db2web1', 'xy']);
    expect(waves(hosts('web1:web db1:db x'), { byTag: ['web', 'db'] })).toEqual(['web1', 'db1', 'x']);
  });

  it('come after the canary', () => {
    expect(waves(list, { byTag: ['db'], canary: 1 })).toEqual(['db1', 'db2web1', 'xy']);
  });

  it('are not formed by size, too', () => {
    expect(() => formWaves(list, { byTag: [], sizes: [] })).toThrow('by size or by tag, not both');
  });
});

describe('a canary', () => {
  it('is a wave before all others, whose percentages are of all hosts', () => {
    expect(waves(ten, { canary: 2 })).toEqual(['ab', 'cdefghij']);
    expect(waves(ten, { canary: 2, sizes: parseWaveSizes('50%,rest') })).toEqual(['ab', 'cdefg', 'hij']);
    expect(waves(ten, { canary: 10 })).toEqual(['abcdefghij']);
  });
});

describe('waves', () => {
  it('are all hosts in their order, and none is empty', () => {
    const size = fc.oneof(
      fc.record({ type: fc.constant('count' as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ type: fc.constant('percent' as const), percent: fc.integer({ min: 1, max: 100 }) }),
    );
    const host = fc.record({ tags: fc.subarray(['a', 'b']), buildOnly: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(host, { maxLength: 20 }),
        fc.array(size),
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        fc.boolean(),
        (members, sizes, canary, byTag) => {
          const list = members.map((member, index) => ({ ...member, name: `h${index}` }));
          const formed = formWaves(list, { canary, ...(byTag ? { byTag: ['a', 'b'] } : { sizes }) });
          expect(formed.flat()).toEqual(list.map(({ name }) => name));
          expect(formed.every((wave) => wave.length > 0)).toBe(true);
        },
      ),
    );
  });
});
