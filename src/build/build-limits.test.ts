import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchLimits } from './build-limits.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('ends a silent build, some seconds after the daemon should have', () => {
  using watch = watchLimits({ maxSilentSeconds: 10 });
  vi.advanceTimersByTime(9000);
  watch.onLine(5);
  vi.advanceTimersByTime(14_000);
  expect(watch.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1000);
  expect(watch.signal.aborted).toBe(true);
  expect(watch.exceeded).toEqual({
    ok: false,
    reason: 'silent',
    message: 'the build printed nothing for 10 seconds',
  });
});

it('ends a build that takes too long, however much it prints', () => {
  using watch = watchLimits({ timeoutSeconds: 10, maxSilentSeconds: 3 });
  for (let second = 0; second < 15; second++) {
    expect(watch.exceeded).toBeUndefined();
    vi.advanceTimersByTime(1000);
    watch.onLine(1);
  }
  expect(watch.exceeded).toMatchObject({
    reason: 'timed-out',
    message: 'the build took longer than 10 seconds',
  });
});

it('ends a build that prints too much', () => {
  using watch = watchLimits({ maxLogBytes: 100 });
  watch.onLine(100);
  expect(watch.exceeded).toBeUndefined();
  watch.onLine(101);
  expect(watch.exceeded).toMatchObject({
    reason: 'log-limit',
    message: 'the build printed more than 100 bytes',
  });
});

it('has no limit where none is given, and leaves no timer', () => {
  {
    using watch = watchLimits({ timeoutSeconds: 0, maxSilentSeconds: undefined });
    vi.advanceTimersByTime(10 ** 9);
    expect(watch.exceeded).toBeUndefined();
    using _other = watchLimits({ timeoutSeconds: 10 ** 9, maxSilentSeconds: 1 });
    expect(vi.getTimerCount()).toBe(2);
  }
  expect(vi.getTimerCount()).toBe(0);
});
