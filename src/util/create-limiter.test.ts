import { expect, it } from 'vitest';
import { createLimiter } from './create-limiter.ts';

it('runs so much at the same time and no more, in the order of the calls', async () => {
  const limit = createLimiter(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const work = (n: number) => async (): Promise<number> => {
    started.push(n);
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return n;
  };

  const results = await Promise.all([0, 1, 2, 3, 4].map((n) => limit(work(n))));

  expect(results).toEqual([0, 1, 2, 3, 4]);
  expect(started).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});

it('goes on after a failure', async () => {
  const limit = createLimiter(1);
  const failing = limit(() => Promise.reject(new Error('no')));

  await expect(failing).rejects.toThrow('no');
  expect(await limit(async () => 'yes')).toBe('yes');
});
