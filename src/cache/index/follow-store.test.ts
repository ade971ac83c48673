import { describe, expect, it } from 'vitest';
import { createStoreFollower } from './follow-store.ts';

const hashPart = (n: number): string => String(n).padEnd(32, 'z');

/** A database with paths by number, whose turns of the event loop end when told. */
function setUp(count: number) {
  const paths = new Map(Array.from({ length: count }, (_, n) => [n + 1, hashPart(n + 1)]));
  const state = { version: 1, versionsAsked: 0, rowsRead: 0, broken: false };
  const afterTurn: (() => void)[] = [];
  const follower = createStoreFollower(
    {
      dataVersion() {
        state.versionsAsked += 1;
        if (state.broken) throw new Error('locked');
        return state.version;
      },
      newestId: () => Math.max(0, ...paths.keys()),
      hashPartsAfter(id, limit) {
        const rows = [...paths].filter(([each]) => each > id).slice(0, limit);
        state.rowsRead += rows.length;
        return { lastId: rows.at(-1)?.[0] ?? id, hashParts: rows.map(([, hash]) => hash) };
      },
    },
    { afterTurn: (work) => void afterTurn.push(work) },
  );
  const endTurn = (): void => {
    for (const work of afterTurn.splice(0)) work();
  };
  return { follower, paths, state, endTurn };
}

describe('createStoreFollower', () => {
  it('knows which paths are there once it was asked', () => {
    const { follower } = setUp(3);
    expect(follower.mayHave(hashPart(9))).toBe(true);
    follower.version();
    expect([follower.mayHave(hashPart(2)), follower.mayHave(hashPart(9))]).toEqual([true, false]);
    expect(follower.known).toEqual({ paths: 3, complete: true });
  });

  it('asks for the version once in a turn', () => {
    const { follower, state, endTurn } = setUp(3);
    follower.version();
    const asked = state.versionsAsked;
    follower.version();
    follower.version();
    expect(state.versionsAsked).toBe(asked);
    endTurn();
    follower.version();
    expect(state.versionsAsked).toBe(asked + 1);
  });

  it('reads only what is new after a change, and knows it at once', () => {
    const { follower, paths, state, endTurn } = setUp(3);
    follower.version();
    endTurn();
    paths.set(7, hashPart(7));
    state.version = 2;
    follower.version();
    expect(follower.mayHave(hashPart(7))).toBe(true);
    expect(state.rowsRead).toBe(4);
  });

  it('reads many paths in pieces, and until then rules nothing out', () => {
    const { follower, endTurn } = setUp(25_000);
    follower.version();
    expect(follower.known).toEqual({ paths: 10_000, complete: false });
    expect(follower.mayHave(hashPart(99_999))).toBe(true);
    endTurn();
    endTurn();
    expect(follower.known).toEqual({ paths: 25_000, complete: true });
    expect(follower.mayHave(hashPart(99_999))).toBe(false);
  });

  it('rules nothing out that may have come in while it was reading', () => {
    const { follower, paths, state, endTurn } = setUp(10_000);
    follower.version();
    paths.set(10_001, hashPart(10_001));
    state.version = 2;
    endTurn();
    follower.version();
    expect(follower.mayHave(hashPart(10_001))).toBe(true);
  });

  it('begins anew with a database that was replaced', () => {
    const { follower, paths, state, endTurn } = setUp(5);
    follower.version();
    endTurn();
    paths.clear();
    paths.set(1, hashPart(42));
    state.version = 2;
    follower.version();
    expect(follower.mayHave(hashPart(42))).toBe(true);
    expect(follower.known.paths).toBe(1);
  });

  it('tells when the database cannot be read, and goes on when it can', () => {
    const { follower, state } = setUp(1);
    state.broken = true;
    expect(() => follower.version()).toThrow('locked');
    state.broken = false;
    expect(follower.version()).toBe(1);
  });
});
