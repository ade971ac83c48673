import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPathGraph, type GraphPath, type Swept } from './create-path-graph.ts';

const path = (hashPart: string, references: readonly string[] = []): GraphPath => ({
  hashPart,
  path: `/nix/store/${hashPart}`,
  narSize: 1,
  fileHash: hashPart,
  references,
  lastUsedAt: 0,
});

function sweep(edges: Readonly<Record<string, readonly string[]>>, roots: readonly string[]): Swept {
  const graph = createPathGraph();
  for (const [name, references] of Object.entries(edges)) graph.add(path(name, references));
  return graph.sweep(({ hashPart }) => roots.includes(hashPart));
}
const names = (paths: readonly GraphPath[]): readonly string[] => paths.map(({ hashPart }) => hashPart);

describe('a path graph', () => {
  it('keeps what is asked for with all it refers to', () => {
    const { kept, gone } = sweep({ a: [], b: ['a', 'b'], c: ['b'], d: ['a'], e: ['d'] }, ['b']);

    expect(names(kept)).toEqual(['a', 'b']);
    expect(names(gone).toSorted()).toEqual(['c', 'd', 'e']);
    expect(names(gone).indexOf('e')).toBeLessThan(names(gone).indexOf('d'));
  });

  it('tells those in a circle together, with what hangs on them', () => {
    const { gone, together } = sweep({ a: ['b'], b: ['a', 'c'], c: [], d: ['a'] }, []);

    expect(names(gone)).toEqual(['d', 'a', 'b', 'c']);
    expect(together).toBe(3);
  });

  it('is whole after each step, for any graph and any roots', () => {
    const graphs = fc
      .integer({ min: 1, max: 25 })
      .chain((size) =>
        fc.tuple(
          fc.array(fc.array(fc.nat(size - 1), { maxLength: 4 }), { minLength: size, maxLength: size }),
          fc.array(fc.nat(size - 1), { maxLength: 4 }),
        ),
      );
    fc.assert(
      fc.property(graphs, ([edges, roots]) => {
        const named = Object.fromEntries(edges.map((to, from) => [`n${from}`, to.map((n) => `n${n}`)]));
        const { kept, gone, together } = sweep(
          named,
          roots.map((n) => `n${n}`),
        );
        expect([...names(kept), ...names(gone)].toSorted()).toEqual(Object.keys(named).toSorted());
        const present = new Set(Object.keys(named));
        const check = (): void => {
          for (const one of present) for (const other of named[one] ?? []) expect(present).toContain(other);
        };
        for (const one of names(gone).slice(0, gone.length - together)) {
          present.delete(one);
          check();
        }
        for (const one of names(gone).slice(gone.length - together)) present.delete(one);
        check();
        for (const root of roots) expect(present).toContain(`n${root}`);
      }),
    );
  });
});
