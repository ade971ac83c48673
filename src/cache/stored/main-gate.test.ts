import { describe, expect, it } from 'vitest';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { createMainGate } from './main-gate.ts';

const nar: StoredNarRecord = {
  fileHash: '0'.repeat(52),
  fileSize: 1,
  narHash: '0'.repeat(64),
  narSize: 1,
  compression: 'zstd',
  createdAt: 0,
  verifiedAt: 0,
};

/** A gate over a file that caches hold, and how often the database was asked. */
function gate({ told = false, isPrivate = [] as boolean[], pending = false } = {}) {
  const state = { isPrivate, pending, time: 0, asked: 0 };
  const mayServe = createMainGate({
    paths: {
      async withFile() {
        state.asked += 1;
        return state.isPrivate.map((is) => ({ cacheId: 1, hashPart: '', path: '', isPrivate: is }));
      },
    },
    uploads: { isPending: async () => state.pending },
    wasTold: () => told,
    now: () => state.time,
  });
  return { state, mayServe: async () => mayServe(nar), now: () => mayServe(nar) };
}

describe('the gate of the main cache', () => {
  it('lets through what a public cache has, and nothing that only private ones have', async () => {
    expect(await gate({ isPrivate: [true, false] }).mayServe()).toBe(true);
    expect(await gate({ isPrivate: [true] }).mayServe()).toBe(false);
  });

  it('lets through what nobody has, unless it is on its way into a cache', async () => {
    expect(await gate().mayServe()).toBe(true);
    expect(await gate({ pending: true }).mayServe()).toBe(false);
  });

  it('asks nobody about files that it sent clients to', () => {
    const { state, now } = gate({ told: true, isPrivate: [true] });

    expect(now()).toBe(true);
    expect(state.asked).toBe(0);
  });

  it('remembers a yes for as long as narinfos are remembered, and then asks again', async () => {
    const { state, mayServe, now } = gate({ isPrivate: [false] });
    await mayServe();
    expect(now()).toBe(true);
    state.isPrivate = [true];
    state.time = 30_000;

    expect(await mayServe()).toBe(false);
    expect(state.asked).toBe(2);
  });

  it('remembers no other answer', async () => {
    const refused = gate({ isPrivate: [true] });
    await refused.mayServe();
    refused.state.isPrivate = [true, false];
    const unowned = gate();
    await unowned.mayServe();
    unowned.state.isPrivate = [true];

    expect(await refused.mayServe()).toBe(true);
    expect(await unowned.mayServe()).toBe(false);
  });
});
