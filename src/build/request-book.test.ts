import { expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import { createRequestBook } from './request-book.ts';

const drv = (name: string): StorePath => parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}.drv`);
const success = { ok: true, outputs: new Map() } as const;

it('settles each request once, with its outcome or an error', async () => {
  const book = createRequestBook();
  const [one, two] = [book.open(drv('a')), book.open(drv('a'))];
  expect(book.of(drv('a'))).toEqual([one, two]);
  book.settle(one, success);
  book.settle(one, new Error('too late'));
  book.settle(two, new Error('the store is gone'));
  await expect(one.outcome).resolves.toBe(success);
  await expect(two.outcome).rejects.toThrow('the store is gone');
  expect(book.size).toBe(0);
  expect(book.of(drv('a'))).toEqual([]);
});

it('remembers an end for the requests that were there, not for later ones', () => {
  const book = createRequestBook();
  const before = book.open(drv('a'));
  book.remember(drv('dep'), 'done');
  const after = book.open(drv('b'));
  expect(book.recall(drv('dep'), before)).toBe('done');
  expect(book.recall(drv('dep'), after)).toBeUndefined();
  expect(book.recall(drv('other'), before)).toBeUndefined();
});

it('forgets an end when the last request that was there has settled', () => {
  const book = createRequestBook();
  const [one, two] = [book.open(drv('a')), book.open(drv('b'))];
  book.remember(drv('dep'), 'done');
  const later = book.open(drv('c'));
  book.settle(one, success);
  expect(book.recall(drv('dep'), two)).toBe('done');
  book.settle(two, success);
  // Not there any more, even for those that could have known it.
  expect(book.recall(drv('dep'), two)).toBeUndefined();
  book.settle(later, success);
});

it('ends all at once', async () => {
  const book = createRequestBook();
  const outcomes = [book.open(drv('a')).outcome, book.open(drv('b')).outcome];
  book.settleAll(new Error('over'));
  expect(await Promise.allSettled(outcomes)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect(book.size).toBe(0);
});
