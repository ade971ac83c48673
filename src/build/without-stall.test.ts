import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withoutStall } from './without-stall.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const options = (signal = new AbortController().signal) => ({ what: 'sending', stallMs: 60_000, signal });
const never = (): Promise<never> => new Promise(() => {});

it('gives what the work gives', async () => {
  await expect(withoutStall(options(), async () => 7)).resolves.toBe(7);
  await expect(withoutStall(options(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
});

it('gives up on work that stands still, and tells it', async () => {
  let signal: AbortSignal | undefined;
  const end = withoutStall(options(), (given) => {
    signal = given;
    return never();
  });
  const error = end.catch((reason: unknown) => reason);
  await vi.advanceTimersByTimeAsync(59_999);
  expect(signal?.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await error).toMatchObject({
    code: 'store.unreachable',
    message: 'sending: nothing has moved for 1 min 0 s',
  });
  expect(signal?.aborted).toBe(true);
});

it('lets work take its time that gets on', async () => {
  const end = withoutStall(options(), async (_signal, moved) => {
    for (let step = 0; step < 5; step += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50_000));
      moved();
    }
    return 'slow';
  });
  await vi.advanceTimersByTimeAsync(250_000);
  await expect(end).resolves.toBe('slow');
});

it('ends at once when it is interrupted, before or meanwhile', async () => {
  const abort = new AbortController();
  const end = withoutStall(options(abort.signal), never);
  abort.abort();
  await expect(end).rejects.toMatchObject({ code: 'interrupted' });
  await expect(withoutStall(options(abort.signal), never)).rejects.toMatchObject({ code: 'interrupted' });
});
