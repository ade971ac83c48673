import { expect, it } from 'vitest';
import { AppError } from '../util/app-error.ts';
import { blame } from './blame.ts';

const lost = new AppError('store.unreachable', 'the connection broke');
const answering = { queryValidPaths: async () => new Set<never>() };
const gone = { queryValidPaths: () => Promise.reject(new AppError('store.unreachable', 'local is gone')) };
const running = new AbortController().signal;

it('blames the builder for a broken connection while our own store answers', async () => {
  expect(await blame(lost, 'forge', answering, running)).toEqual({
    ok: false,
    reason: 'builder-lost',
    message: 'forge: the connection broke',
  });
  const noSsh = new AppError('process.missing', 'no ssh');
  expect(await blame(noSsh, 'forge', answering, running)).toMatchObject({ reason: 'builder-lost' });
});

it('blames our own store when it does not answer', async () => {
  expect(await blame(lost, 'forge', gone, running)).toMatchObject({ message: 'local is gone' });
});

it('takes everything else for a fault of ours', async () => {
  const fault = new AppError('build.derivation-missing', 'no such derivation');
  expect(await blame(fault, 'forge', answering, running)).toBe(fault);
  expect(await blame(new TypeError('a bug'), 'forge', answering, running)).toBeInstanceOf(TypeError);
  expect(await blame('just a text', 'forge', answering, running)).toMatchObject({ message: 'just a text' });
});

it('blames nobody for an interruption', async () => {
  expect(await blame(lost, 'forge', gone, AbortSignal.abort())).toMatchObject({ reason: 'cancelled' });
});
