import { expect, it } from 'vitest';
import type { BuildResult, BuildStatus } from '../store/store.ts';
import { judgeResult } from './step-failure.ts';

const result = (status: BuildStatus, errorMessage = ''): BuildResult => ({
  status,
  errorMessage,
  startTime: 0,
  stopTime: 0,
  builtOutputs: new Map(),
});
const reason = (status: BuildStatus, message?: string): string => {
  const verdict = judgeResult(result(status, message));
  return verdict.ok ? verdict.how : verdict.reason;
};

it('tells how it went well', () => {
  expect(reason('built')).toBe('built');
  expect(reason('substituted')).toBe('substituted');
  expect(reason('already-valid')).toBe('already-valid');
  expect(reason('resolves-to-already-valid')).toBe('already-valid');
});

it('tells silence from taking too long', () => {
  expect(reason('timed-out', 'building of x timed out after 2 seconds of silence')).toBe('silent');
  expect(reason('timed-out', 'building of x timed out after 2 seconds')).toBe('timed-out');
});

it('tells silence by its limit where Nix does not', () => {
  const timedOut = result('timed-out', 'timed out after 5 seconds');

  expect(judgeResult(timedOut, { maxSilentSeconds: 5 })).toMatchObject({ reason: 'silent' });
  expect(judgeResult(timedOut, { maxSilentSeconds: 5, timeoutSeconds: 60 })).toMatchObject({
    reason: 'silent',
  });
  expect(judgeResult(timedOut, { maxSilentSeconds: 60, timeoutSeconds: 5 })).toMatchObject({
    reason: 'timed-out',
  });
  expect(judgeResult(timedOut, { maxSilentSeconds: 5, timeoutSeconds: 5 })).toMatchObject({
    reason: 'timed-out',
  });
});

it.each([
  [
    "Cannot build '/nix/store/x-y.drv'.\nReason: builder failed with exit code 3.\nOutput paths:\n  /nix/store/z-y\nLast 2 log lines:\n> a\n> b\nFor full logs, run:\n  nix log x",
    'builder failed with exit code 3',
  ],
  [
    "builder for 'x.drv' failed with exit code 1;\n       last 10 log lines:\n       > a",
    "builder for 'x.drv' failed with exit code 1",
  ],
  [
    "hash mismatch in 'x.drv':\n  specified: a\n  got: b",
    "hash mismatch in 'x.drv':\n  specified: a\n  got: b",
  ],
])('keeps of %j what is not said elsewhere', (message, sentence) => {
  expect(judgeResult(result('permanent-failure', message))).toMatchObject({ message: sentence });
});

it('blames the builder only for what is not the fault of the derivation', () => {
  expect(reason('misc-failure', 'error: writing to file: Broken pipe')).toBe('builder-lost');
  expect(reason('misc-failure', 'unexpected end-of-file')).toBe('builder-lost');
  expect(reason('misc-failure', "cannot connect to 'root@arm'")).toBe('builder-lost');
  expect(reason('misc-failure', 'some substitutes failed')).toBe('build-failed');
  expect(reason('permanent-failure', 'builder failed: connection refused')).toBe('build-failed');
});

it('says whether the derivation would fail again', () => {
  const again = (status: BuildStatus): unknown =>
    ({ again: undefined, ...judgeResult(result(status)) }).again;
  expect(again('permanent-failure')).toBe('always');
  expect(again('output-rejected')).toBe('always');
  expect(again('transient-failure')).toBe('perhaps-not');
  expect(again('timed-out')).toBeUndefined();
  expect(again('misc-failure')).toBeUndefined();
});

it('has a reason for every other failure', () => {
  const statuses: readonly BuildStatus[] = [
    'permanent-failure',
    'input-rejected',
    'cached-failure',
    'not-deterministic',
    'no-substituters',
  ];
  expect(statuses.map((status) => reason(status))).toEqual(statuses.map(() => 'build-failed'));
  expect(reason('output-rejected')).toBe('output-rejected');
  expect(reason('log-limit-exceeded')).toBe('log-limit');
  expect(reason('dependency-failed')).toBe('dependency-failed');
});

it('always has a message', () => {
  expect(judgeResult(result('permanent-failure', '  failed with exit code 1\n'))).toMatchObject({
    message: 'failed with exit code 1',
  });
  expect(judgeResult(result('not-deterministic'))).toMatchObject({
    message: 'the daemon said not-deterministic',
  });
});
