import { beforeEach, expect, it } from 'vitest';
import type { Store } from '../store/store.ts';
import type { Builder } from './builder.ts';
import { BuilderLink } from './builder-link.ts';

const trace: string[] = [];
const running = new AbortController().signal;
const time = { now: 1000 };
let fails = false;
beforeEach(() => {
  trace.length = 0;
  time.now = 1000;
  fails = false;
});

/** A link whose stores do nothing but write down that they were opened and closed. */
function link(abort = new AbortController()): BuilderLink {
  let opened = 0;
  const open = async (): Promise<Store> => {
    opened += 1;
    const name = `store ${opened}`;
    trace.push(`open ${name}`);
    if (fails) throw new Error('no route to host');
    const leaseTempRoots = async () => ({ add: async () => {}, [Symbol.asyncDispose]: async () => {} });
    // Only these members are used by a link.
    return {
      name,
      leaseTempRoots,
      [Symbol.asyncDispose]: async () => void trace.push(`close ${name}`),
    } as unknown as Store;
  };
  const builder: Builder = {
    name: 'forge',
    systems: ['x86_64-linux'],
    emulatedSystems: [],
    supportedFeatures: [],
    mandatoryFeatures: [],
    slots: 2,
    speedFactor: 1,
    isLocal: false,
    settings: {},
    open,
  };
  return new BuilderLink(builder, {
    now: () => time.now,
    pauseMs: 100,
    stallMs: 60_000,
    signal: abort.signal,
  });
}
const lose = (from: BuilderLink): Promise<void> =>
  from.use(() => Promise.reject(new Error('connection lost')), running).catch(() => {});

it('opens one store for all steps, and closes it at the end', async () => {
  const one = link();
  const names = await Promise.all([
    one.use(async ({ store }) => store.name, running),
    one.use(async ({ store }) => store.name, running),
  ]);
  expect(names).toEqual(['store 1', 'store 1']);
  expect(trace).toEqual(['open store 1']);
  await one[Symbol.asyncDispose]();
  expect(trace).toEqual(['open store 1', 'close store 1']);
});

it('opens another after a loss, and lets the steps that still use the first end', async () => {
  const one = link();
  const busy = Promise.withResolvers<void>();
  const working = one.use(async ({ store }) => {
    await busy.promise;
    return store.name;
  }, running);
  await lose(one);
  expect(await one.use(async ({ store }) => store.name, running)).toBe('store 2');
  expect(trace).toEqual(['open store 1', 'open store 2']);
  busy.resolve();
  expect(await working).toBe('store 1');
  await one[Symbol.asyncDispose]();
  expect(trace.toSorted()).toEqual(['close store 1', 'close store 2', 'open store 1', 'open store 2']);
});

it('is avoided for longer after each loss in a row, until it works', async () => {
  const one = link();
  const pauses: number[] = [];
  for (let loss = 0; loss < 3; loss++) {
    await lose(one);
    expect(one.avoided).toBe(true);
    pauses.push(one.avoidedUntil - time.now);
    time.now = one.avoidedUntil;
    expect(one.avoided).toBe(false);
  }
  expect(pauses).toEqual([100, 200, 400]);
  one.worked();
  await lose(one);
  expect(one.avoidedUntil - time.now).toBe(100);
});

it('never is avoided for more than five minutes', () => {
  const one = link();
  for (let loss = 0; loss < 50; loss++) one.avoid('lost');
  expect(one.avoidedUntil - time.now).toBe(300_000);
});

it('counts one loss for all steps of one connection', async () => {
  fails = true;
  const one = link();
  const results = await Promise.allSettled([lose(one), lose(one), lose(one)]);
  expect(results).toHaveLength(3);
  expect(trace).toEqual(['open store 1']);
  expect(one.avoidedUntil - time.now).toBe(100);
  await one[Symbol.asyncDispose]();
});

it('blames nobody for an interruption', async () => {
  const abort = new AbortController();
  const one = link(abort);
  abort.abort();
  await lose(one);
  expect(one.avoided).toBe(false);
});
