import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import { findProofPath } from './find-proof-path.ts';

const path = (number: number, name = `path-${number}`) =>
  parseStorePath(`/nix/store/${String(number).padStart(32, '0')}-${name}`);

/** Paths by their numbers; all others are content-addressed. */
function find(count: number, special: Readonly<Record<number, Partial<PathInfo>>>) {
  const infoOf = (number: number): PathInfo => ({
    path: path(number),
    deriver: undefined,
    narHash: '00'.repeat(32),
    narSize: 1,
    references: [],
    registrationTime: 1,
    ultimate: true,
    signatures: [],
    contentAddress: special[number] === undefined ? 'fixed:r:sha256:x' : '',
    ...special[number],
  });
  const database = {
    newestId: () => count,
    pathsAfter: (id: number, limit: number) =>
      Array.from({ length: Math.max(0, Math.min(limit, count - id)) }, (_, at) => ({
        id: id + 1 + at,
        info: infoOf(id + 1 + at),
      })),
  };
  return findProofPath(database, new Set(['own-1']));
}

describe('findProofPath', () => {
  it('takes the newest that only we sign', () => {
    expect(find(350, { 20: {}, 120: {}, 130: { signatures: ['cache.nixos.org-1:x'] } })).toBe(path(120));
    expect(find(350, { 20: {}, 120: { signatures: ['own-1:x'] } })).toBe(path(120));
    expect(find(1, { 1: {} })).toBe(path(1));
  });

  it('takes no derivation, and gives up after a while', () => {
    expect(find(3, { 2: {}, 3: { path: path(3, 'x.drv') } })).toBe(path(2));
    expect(find(5000, { 1: {} })).toBeUndefined();
    expect(find(0, {})).toBeUndefined();
  });
});
