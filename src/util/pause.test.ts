import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { pause } from './pause.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('waits as long as it is told', async () => {
  const done = vi.fn<() => void>();
  void pause(100, new AbortController().signal).then(done);

  await vi.advanceTimersByTimeAsync(99);
  expect(done).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toHaveBeenCalled();
});

it('ends at once when the signal fires, and leaves no timer', async () => {
  const abort = new AbortController();
  const waiting = pause(100, abort.signal);
  abort.abort();

  await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
  await expect(pause(100, abort.signal)).rejects.toMatchObject({ code: 'interrupted' });
  expect(vi.getTimerCount()).toBe(0);
});
