import { expect, it } from 'vitest';
import type { BuildRequest } from './build-request.ts';
import { createRequestBook } from './request-book.ts';
import { drv } from './testing/sample-step.ts';

const success = { ok: true, outputs: new Map(), cached: false } as const;
const ticket = (id: number, signal?: AbortSignal) => ({
  id,
  share: 1,
  globalPriority: 0,
  priority: 7,
  signal,
});

function book(written: () => Promise<void> = async () => {}) {
  const cancelled: BuildRequest[] = [];
  return { cancelled, book: createRequestBook({ onCancel: (one) => cancelled.push(one), written }) };
}

it('settles each request once, with its outcome or an error', async () => {
  const { book: requests } = book();
  const [one, two] = [requests.open(drv('a')), requests.open(drv('a'))];
  requests.settle(one, success);
  requests.settle(one, new Error('too late'));
  requests.settle(two, new Error('the store is gone'));
  await expect(one.outcome).resolves.toBe(success);
  await expect(two.outcome).rejects.toThrow('the store is gone');
  expect(one.state).toBe('settled');
  expect(requests.size).toBe(0);
});

it('tells an outcome once all is written', async () => {
  const writing = Promise.withResolvers<void>();
  const { book: requests } = book(() => writing.promise);
  const one = requests.open(drv('a'));
  let told = false;
  const outcome = one.outcome.then(() => {
    told = true;
  });
  requests.settle(one, success);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBe(false);
  writing.resolve();
  await outcome;
});

it('finds requests by their id while they are open; without a ticket they come before all', () => {
  const { book: requests } = book();
  const one = requests.open(drv('a'), ticket(5));
  expect(requests.find(5)).toBe(one);
  expect(one).toMatchObject({ globalPriority: 0, priority: 7, state: 'queued' });
  expect(requests.open(drv('b')).globalPriority).toBe(Number.POSITIVE_INFINITY);
  requests.settle(one, success);
  expect(requests.find(5)).toBeUndefined();
});

it('tells of a cancellation, unless it comes after the end', () => {
  const { book: requests, cancelled } = book();
  const [first, second] = [new AbortController(), new AbortController()];
  const one = requests.open(drv('a'), ticket(1, first.signal));
  const two = requests.open(drv('b'), ticket(2, second.signal));
  first.abort();
  requests.settle(two, success);
  second.abort();
  expect(cancelled).toEqual([one]);
});

it('ends all at once', async () => {
  const { book: requests } = book();
  const outcomes = [requests.open(drv('a')).outcome, requests.open(drv('b')).outcome];
  requests.settleAll(new Error('over'));
  expect(await Promise.allSettled(outcomes)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect(requests.size).toBe(0);
});
