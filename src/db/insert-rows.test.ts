import { describe, expect, it } from 'vitest';
import { chunks } from './insert-rows.ts';

describe('chunks', () => {
  it('has none for no rows', () => {
    expect([...chunks([])]).toEqual([]);
  });

  it('keeps all rows, in order, by as many as a statement takes parameters', () => {
    const rows = Array.from({ length: 12_345 }, (_, a) => ({ a, b: 0, c: 0, d: 0 }));
    const made = [...chunks(rows)];

    expect(made.map(({ length }) => length)).toEqual([2500, 2500, 2500, 2500, 2345]);
    expect(made.flat()).toEqual(rows);
  });
});
