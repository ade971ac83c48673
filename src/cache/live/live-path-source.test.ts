import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import { createLivePathSource } from './live-path-source.ts';

const hash = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r';
const row: PathInfo = {
  path: parseStorePath(`/nix/store/${hash}-hello`),
  deriver: undefined,
  narHash: 'ab'.repeat(32),
  narSize: 96,
  references: [],
  registrationTime: 1,
  ultimate: true,
  signatures: [],
  contentAddress: '',
};

function sourceOf(found: PathInfo | undefined) {
  const state = { version: 1 };
  const source = createLivePathSource({
    dataVersion: () => state.version,
    lookupHashPart: (asked) => (asked === hash ? found : undefined),
    newestId: () => 1,
    hashPartsAfter: (id) => ({ lastId: 1, hashParts: id === 0 ? [hash] : [] }),
  });
  return { source, state };
}

describe('createLivePathSource', () => {
  it('has what the store has, and follows its version', async () => {
    const { source, state } = sourceOf(row);

    expect(source.version()).toBe(1);
    expect([source.mayHave(hash), source.mayHave('0'.repeat(32))]).toEqual([true, false]);
    const asked = Buffer.from(`GET /${hash}.narinfo GET /${'0'.repeat(32)}.narinfo`);
    expect([source.mayHaveAt?.(asked, 5), source.mayHaveAt?.(asked, 50)]).toEqual([true, false]);
    expect(source.lookup(hash)).toBe(row);
    state.version = 2;
    // Asked once in a turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.version()).toBe(2);
  });

  it.each([
    ['size', { ...row, narSize: 0 }],
    ['hash', { ...row, narHash: '' }],
  ])('has no path without a %s', (_, found) => {
    expect(sourceOf(found).source.lookup(hash)).toBeUndefined();
  });
});
