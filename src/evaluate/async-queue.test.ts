import { describe, expect, it } from 'vitest';
import { AsyncQueue } from './async-queue.ts';

describe('AsyncQueue', () => {
  it('gives what was there before, and what comes while someone waits', async () => {
    const queue = new AsyncQueue<number>();
    queue.push(1);
    setImmediate(() => {
      queue.push(2);
      queue.end();
    });

    expect(await Array.fromAsync(queue.take())).toEqual([1, 2]);
  });

  it('gives what is left after its end', async () => {
    const queue = new AsyncQueue<number>();
    queue.push(1);
    queue.push(2);
    queue.end();

    expect(await Array.fromAsync(queue.take())).toEqual([1, 2]);
  });

  it('throws its first failure at once', async () => {
    const queue = new AsyncQueue<number>();
    const taken = Array.fromAsync(queue.take());
    queue.fail(new Error('first'));
    queue.fail(new Error('second'));

    await expect(taken).rejects.toThrow('first');
  });
});
