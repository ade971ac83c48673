import { expect, it } from 'vitest';
import { AppError } from '../util/app-error.ts';
import { blame } from './blame.ts';

const lost = new AppError('store.unreachable', 'the connection broke');
const answering = async (): Promise<boolean> => true;
const goneError = new AppError('store.unreachable', 'local is gone');
const gone = (): Promise<never> => Promise.reject(goneError);
const running = new AbortController().signal;

it('blames the builder for a broken connection while our own store answers', async () => {
  expect(await blame(lost, 'forge', answering, running)).toEqual({
    verdict: { ok: false, reason: 'builder-lost', message: 'forge: the connection broke' },
    mayPass: true,
  });
  const noSsh = new AppError('process.missing', 'no ssh');
  expect(await blame(noSsh, 'forge', answering, running)).toMatchObject({
    verdict: { reason: 'builder-lost' },
    mayPass: true,
  });
});

it('blames our own store when it does not answer, which may pass', async () => {
  expect(await blame(lost, 'forge', gone, running)).toEqual({
    verdict: { ok: false, reason: 'builder-lost', message: 'local is gone' },
    fault: goneError,
    mayPass: true,
  });
});

it('takes everything else for a fault of ours that another attempt does not mend', async () => {
  const fault = new AppError('build.derivation-missing', 'no such derivation');
  expect(await blame(fault, 'forge', answering, running)).toMatchObject({ fault, mayPass: false });
  expect((await blame(new TypeError('a bug'), 'forge', answering, running)).fault).toBeInstanceOf(TypeError);
  expect(await blame('just a text', 'forge', answering, running)).toMatchObject({
    verdict: { message: 'just a text' },
    fault: { message: 'just a text' },
  });
});

it('blames nobody for an interruption', async () => {
  expect(await blame(lost, 'forge', gone, AbortSignal.abort())).toEqual({
    verdict: { ok: false, reason: 'cancelled', message: 'interrupted' },
    mayPass: false,
  });
});
