import { describe, expect, it } from 'vitest';
import { deal } from './with-processes.ts';

describe('deal', () => {
  it('gives to each in turn', () => {
    expect(deal(['a', 'b', 'c', 'd', 'e'], 2)).toEqual([
      ['a', 'c', 'e'],
      ['b', 'd'],
    ]);
  });

  it('gives all to one', () => {
    expect(deal(['a', 'b'], 1)).toEqual([['a', 'b']]);
  });
});
