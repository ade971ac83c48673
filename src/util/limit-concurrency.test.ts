import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { limitConcurrency } from './limit-concurrency.ts';

function pieces(running: number, waiting: number) {
  const limit = limitConcurrency({ running, waiting, refuse: () => new Error('the line is too long') });
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const start = async (name: string): Promise<string> => {
    const end = Promise.withResolvers<void>();
    ends.set(name, end);
    return limit(async () => {
      begun.push(name);
      await end.promise;
      return name;
    });
  };
  return {
    start,
    begun,
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string) => ends.get(name)?.reject(new Error(`${name} failed`)),
  };
}

describe('limitConcurrency', () => {
  it('runs only so many at a time, in the order they came', async () => {
    const { start, begun, end } = pieces(2, 10);
    const all = ['a', 'b', 'c', 'd'].map(start);
    await turn();
    expect(begun).toEqual(['a', 'b']);

    end('b');
    await all[1];
    await turn();
    expect(begun).toEqual(['a', 'b', 'c']);

    for (const name of 'acd') end(name);
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('turns away what finds the line too long, and takes it when there is room again', async () => {
    const { start, end } = pieces(1, 1);
    const first = start('a');
    const second = start('b');
    await expect(start('c')).rejects.toThrow('the line is too long');

    end('a');
    await first;
    end('b');
    await second;
    const again = start('d');
    end('d');
    expect(await again).toBe('d');
  });

  it('goes on after work that failed', async () => {
    const { start, begun, end, fail } = pieces(1, 1);
    const first = start('a');
    const second = start('b');
    fail('a');
    await expect(first).rejects.toThrow('a failed');
    end('b');
    expect(await second).toBe('b');
    expect(begun).toEqual(['a', 'b']);
  });
});
