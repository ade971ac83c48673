import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readAhead } from './read-ahead.ts';

/** A stream of `chunks` pieces of ten bytes that tells how far it was read. */
function source(chunks: number, fails = false) {
  const state = { produced: 0, ended: false };
  return {
    state,
    open: async function* (this: void): AsyncGenerator<Uint8Array> {
      try {
        for (let i = 0; i < chunks; i++) {
          await turn();
          state.produced += 1;
          yield Buffer.alloc(10, i);
        }
        if (fails) throw new Error('broken source');
      } finally {
        state.ended = true;
      }
    },
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn();
}

describe('readAhead', () => {
  it('starts nothing before the first is asked for', async () => {
    const sources = [source(3), source(3)];
    readAhead(
      sources.map((one) => one.open),
      { streams: 2, bytesEach: 100 },
    );
    await settle();
    expect(sources.map(({ state }) => state.produced)).toEqual([0, 0]);
  });

  it('reads the next ones while the first is consumed, so far as the limit goes', async () => {
    const sources = [source(2), source(100), source(100), source(100)];
    const ahead = readAhead(
      sources.map((one) => one.open),
      { streams: 3, bytesEach: 40 },
    );
    const [first, second] = ahead.streams;
    let got = 0;
    for await (const chunk of first?.() ?? []) {
      got += chunk.length;
      await settle();
    }
    expect(got).toBe(20);
    expect(sources.map(({ state }) => state.produced)).toEqual([2, 4, 4, 0]);
    let next = 0;
    for await (const chunk of second?.() ?? []) next += chunk.length;
    expect(next).toBe(1000);
    ahead.close();
  });

  it('gives each stream whole and in order', async () => {
    const sources = [source(5), source(0), source(7)];
    const ahead = readAhead(
      sources.map((one) => one.open),
      { streams: 2, bytesEach: 20 },
    );
    const firsts: number[][] = [];
    for (const stream of ahead.streams) {
      const bytes: number[] = [];
      for await (const chunk of stream()) bytes.push(chunk[0] ?? -1);
      firsts.push(bytes);
    }
    expect(firsts).toEqual([[0, 1, 2, 3, 4], [], [0, 1, 2, 3, 4, 5, 6]]);
  });

  it('tells the error of a stream where that stream is read', async () => {
    const sources = [source(1), source(1, true)];
    const ahead = readAhead(
      sources.map((one) => one.open),
      { streams: 2, bytesEach: 100 },
    );
    const [first, second] = ahead.streams;
    for await (const _ of first?.() ?? []) await settle();
    const reading = (async () => {
      for await (const _ of second?.() ?? []);
    })();
    await expect(reading).rejects.toThrow('broken source');
  });

  it('ends what is under way when it is closed', async () => {
    const sources = [source(100), source(100), source(100)];
    const ahead = readAhead(
      sources.map((one) => one.open),
      { streams: 2, bytesEach: 40 },
    );
    for await (const _ of ahead.streams[0]?.() ?? []) break;
    ahead.close();
    await settle();
    expect(sources.map(({ state }) => state.ended)).toEqual([true, true, false]);
  });
});
