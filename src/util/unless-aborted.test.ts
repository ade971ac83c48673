import { describe, expect, it } from 'vitest';
import { unlessAborted } from './unless-aborted.ts';

describe('unlessAborted', () => {
  it('gives what the work comes to, good or bad', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(1), signal, 'x')).toBe(1);
    await expect(unlessAborted(Promise.reject(new Error('no')), signal, 'x')).rejects.toThrow('no');
  });

  it('ends the waiting when the signal fires, before or meanwhile, and nothing else', async () => {
    const ending = new AbortController();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const one = unlessAborted(promise, ending.signal, 'waiting for one');
    const other = unlessAborted(promise, new AbortController().signal, 'waiting for another');
    ending.abort();
    await expect(one).rejects.toMatchObject({ code: 'interrupted', message: 'interrupted: waiting for one' });
    await expect(unlessAborted(promise, ending.signal, 'x')).rejects.toMatchObject({ code: 'interrupted' });
    resolve(2);
    reject(new Error('too late'));
    expect(await other).toBe(2);
  });
});
