import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ServerEvent } from '../../events/event.ts';
import type { RetentionPlan } from '../ci.ts';
import { createRetentionLoop, type RetentionLoop } from './create-retention-loop.ts';

let abort: AbortController;
let applied: number;
let apply: () => Promise<RetentionPlan>;
let events: ServerEvent[];

beforeEach(() => {
  vi.useFakeTimers();
  abort = new AbortController();
  applied = 0;
  events = [];
  apply = async () => ({ kept: 0, removed: [] });
});

afterEach(() => {
  abort.abort();
  vi.useRealTimers();
});

const start = (intervalMs: number): RetentionLoop =>
  createRetentionLoop({
    retention: {
      apply: () => {
        applied += 1;
        return apply();
      },
    },
    intervalMs,
    emit: (event) => events.push(event),
    signal: abort.signal,
  });

it('cleans up at its interval', async () => {
  start(1000);
  await vi.advanceTimersByTimeAsync(3500);
  expect(applied).toBe(3);
});

it('cleans up once for a swarm of evaluations', async () => {
  const loop = start(0);
  for (let n = 0; n < 5; n++) loop.evaluated();
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(applied).toBe(1);
  loop.evaluated();
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(applied).toBe(2);
});

it('leaves no timer behind', () => {
  start(1000).evaluated();
  abort.abort();
  start(1000).evaluated();

  expect(vi.getTimerCount()).toBe(0);
});

it('does not begin again while it is at work, tells what went, and that it failed', async () => {
  const { promise, resolve } = Promise.withResolvers<RetentionPlan>();
  apply = () => promise;
  start(1000);
  await vi.advanceTimersByTimeAsync(5000);
  expect(applied).toBe(1);
  resolve({ kept: 1, removed: [{ root: 'r', path: 'p', why: 'w' }] });
  await vi.advanceTimersByTimeAsync(0);
  apply = () => Promise.reject(new Error('no database'));
  await vi.advanceTimersByTimeAsync(1000);

  expect(events).toMatchObject([
    { level: 'info', text: '1 store path is no longer kept' },
    { level: 'error', text: 'roots cannot be cleaned up: no database' },
  ]);
});
