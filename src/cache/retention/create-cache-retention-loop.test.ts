import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CacheRetentionPlan } from './cache-retention.ts';
import { createCacheRetentionLoop } from './create-cache-retention-loop.ts';

const nothing: CacheRetentionPlan = { at: 0, keptPaths: 1, paths: [], files: [], extras: [] };
const path = { cache: 'main', path: '/nix/store/x', narSize: 1, lastUsedAt: 0, why: 'nothing keeps it' };
const file = (notBefore: number | null) => ({ fileHash: 'f', fileSize: 2048, notBefore });

let plans: (CacheRetentionPlan | Error)[];
let signals: (AbortSignal | undefined)[];
let removed: string[];
let faults: string[];
beforeEach(() => {
  vi.useFakeTimers();
  plans = [];
  signals = [];
  removed = [];
  faults = [];
});
afterEach(() => void vi.useRealTimers());

const start = (intervalMs: number): AsyncDisposable =>
  createCacheRetentionLoop({
    retention: {
      async apply(signal) {
        signals.push(signal);
        const plan = plans.shift() ?? nothing;
        if (plan instanceof Error) throw plan;
        return plan;
      },
    },
    intervalMs,
    onRemoved: (text) => removed.push(text),
    onFault: (text) => faults.push(text),
  });

describe('the loop that lets caches go', () => {
  it('runs at its interval, and tells what went', async () => {
    plans = [nothing, { ...nothing, paths: [path], files: [file(null)] }];
    await using _loop = start(1000);

    await vi.advanceTimersByTimeAsync(999);
    expect(signals).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1001);
    expect(signals).toHaveLength(2);
    expect(removed).toEqual(['caches let go 1 paths and 1 files (2.0 KiB)']);
  });

  it('tells what else went', async () => {
    const extra = { cache: 'main', name: 'x', bytes: 1 };
    const extras = [
      { ...extra, kind: 'log' as const },
      { ...extra, kind: 'realisation' as const },
      { ...extra, kind: 'build-trace' as const },
    ];
    plans = [{ ...nothing, extras }];
    await using _loop = start(1000);

    await vi.advanceTimersByTimeAsync(1000);
    expect(removed).toEqual([
      'caches let go 0 paths and 0 files (0 B), and 1 logs and 2 realisations besides',
    ]);
  });

  it('runs once more when the last file that waits may go', async () => {
    plans = [{ ...nothing, at: 500, files: [file(600), file(700)] }];
    await using _loop = start(1000);

    await vi.advanceTimersByTimeAsync(1000);
    expect(signals).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(199);
    expect(signals).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(signals).toHaveLength(2);
  });

  it('goes on after a fault, which it tells', async () => {
    plans = [new Error('no database')];
    await using _loop = start(1000);

    await vi.advanceTimersByTimeAsync(2000);
    expect(faults).toEqual(['caches cannot be cleaned up: no database']);
    expect(signals).toHaveLength(2);
  });

  it('never runs by itself with an interval of 0, nor after its end', async () => {
    {
      await using _never = start(0);
      await using _loop = start(1000);
      await vi.advanceTimersByTimeAsync(1000);
    }
    await vi.advanceTimersByTimeAsync(10_000);

    expect(signals).toHaveLength(1);
    expect(signals[0]?.aborted).toBe(true);
  });
});
