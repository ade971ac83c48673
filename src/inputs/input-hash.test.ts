import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import type { ResolvedInput } from './input.ts';
import { type HashedEvaluation, inputHash } from './input-hash.ts';

const text: ResolvedInput = {
  name: 'a',
  type: 'string',
  value: { kind: 'string', value: 'x' },
  uri: null,
  revision: null,
  sha256: null,
  dependency: null,
};
const path: ResolvedInput = {
  ...text,
  name: 'b',
  type: 'path',
  value: {
    kind: 'path',
    storePath: parseStorePath(`/nix/store/${'b'.repeat(32)}-x`),
    attributes: { rev: '1' },
  },
};
const evaluation: HashedEvaluation = {
  expression: { type: 'legacy', input: 'b', path: 'release.nix' },
  inputs: [text, path],
  nixVersion: '2.8.0',
  options: { 'restrict-eval': 'true', other: '1' },
};

describe('inputHash', () => {
  it('is the same whatever the order', () => {
    const other: HashedEvaluation = {
      ...evaluation,
      expression: { path: 'release.nix', input: 'b', type: 'legacy' },
      inputs: [path, text],
      options: { other: '1', 'restrict-eval': 'true' },
    };

    expect(inputHash(other)).toBe(inputHash(evaluation));
    expect(inputHash(evaluation)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Partial<HashedEvaluation>]>([
    ['a value', { inputs: [{ ...text, value: { kind: 'string', value: 'y' } }, path] }],
    ['a name', { inputs: [{ ...text, name: 'c' }, path] }],
    ['an input that is gone', { inputs: [path] }],
    [
      'the revision of a path',
      { inputs: [text, { ...path, value: { ...path.value, attributes: { rev: '2' } } as never }] },
    ],
    ['the file', { expression: { ...evaluation.expression, path: 'other.nix' } }],
    ['the version of Nix', { nixVersion: '2.9.0' }],
    ['an option', { options: { 'restrict-eval': 'false', other: '1' } }],
  ])('is another with %s changed', (_, change) => {
    expect(inputHash({ ...evaluation, ...change })).not.toBe(inputHash(evaluation));
  });
});
