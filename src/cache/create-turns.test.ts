import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTurns } from './create-turns.ts';

function setUp() {
  const clock = { ms: 0 };
  return { clock, turns: createTurns({ budgetMs: 4, now: () => clock.ms }) };
}

describe('createTurns', () => {
  it('lets pieces through at once until their time is used', () => {
    const { clock, turns } = setUp();
    expect(turns()).toBeUndefined();
    clock.ms = 3;
    expect(turns()).toBeUndefined();
    clock.ms = 4;
    expect(turns()).toBeInstanceOf(Promise);
  });

  it('counts from the first piece of each turn', async () => {
    const { clock, turns } = setUp();
    void turns();
    clock.ms = 100;
    await nextTurn();

    expect(turns()).toBeUndefined();
  });

  it('makes what waits share the next turn in the same way', async () => {
    const { clock, turns } = setUp();
    void turns();
    clock.ms = 10;
    const order: string[] = [];
    const work = async (name: string): Promise<void> => {
      await turns();
      order.push(name);
      // Each takes the whole of a turn.
      clock.ms += 5;
    };
    const other = (async () => {
      for (let turn = 0; turn < 4; turn++) {
        await nextTurn();
        order.push('other');
      }
    })();
    await Promise.all([work('a'), work('b'), work('c'), other]);

    expect(order.indexOf('b') - order.indexOf('a')).toBeGreaterThan(1);
    expect(order.indexOf('c') - order.indexOf('b')).toBeGreaterThan(1);
  });
});
