import { describe, expect, it } from 'vitest';
import { AppError } from '../../util/app-error.ts';
import { startCacheWorkers, type WorkerProcess } from './start-cache-workers.ts';
import type { FromCacheWorker, ToCacheWorker } from './worker-messages.ts';

const settings = { host: 'a', port: 0, keys: ['k'], reusePort: true, graceMs: 1000 };
const counters = { narinfoHits: 1, narinfoMisses: 2, nars: 3, narBytes: 4, narsCut: 5, faults: 6 };

interface FakeWorker extends WorkerProcess {
  readonly told: ToCacheWorker[];
  tell(message: FromCacheWorker): void;
  exit(how: string): void;
}

/** Processes that do what a test makes them do, with a clock that moves by itself while it is waited for. */
function setUp({ answer = true, endsWhenAsked = true } = {}) {
  const workers: FakeWorker[] = [];
  const waits: number[] = [];
  const faults: string[] = [];
  const clock = { ms: 0 };
  const fork = (): FakeWorker => {
    const listeners: ((message: FromCacheWorker) => void)[] = [];
    const exit = Promise.withResolvers<string>();
    const worker: FakeWorker = {
      pid: 100 + workers.length,
      exited: exit.promise,
      told: [],
      onMessage: (listener) => void listeners.push(listener),
      send(message) {
        worker.told.push(message);
        if (message.type === 'start' && answer) {
          queueMicrotask(() => worker.tell({ type: 'listening', url: 'http://a:7', port: 7 }));
        }
        if (message.type === 'end' && endsWhenAsked) exit.resolve('exit code 0');
      },
      kill: () => exit.resolve('SIGKILL'),
      tell: (message) => {
        for (const listener of listeners) listener(message);
      },
      exit: exit.resolve,
    };
    workers.push(worker);
    return worker;
  };
  const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) throw new AppError('interrupted', 'interrupted');
    waits.push(ms);
    clock.ms += ms;
  };
  const start = (count = 2) =>
    startCacheWorkers({
      count,
      settings,
      fork,
      pause,
      now: () => clock.ms,
      onFault: (message) => faults.push(message),
    });
  return { start, workers, waits, faults, clock };
}

describe('startCacheWorkers', () => {
  it('lets the first find the port, and the others use the same', async () => {
    const { start, workers } = setUp();
    await using server = await start(3);

    expect(server.url).toBe('http://a:7');
    expect(server.pids).toEqual([100, 101, 102]);
    expect(workers.map(({ told }) => told)).toEqual([
      [{ type: 'start', settings }],
      [{ type: 'start', settings: { ...settings, port: 7 } }],
      [{ type: 'start', settings: { ...settings, port: 7 } }],
    ]);
  });

  it('puts another in the place of one that ended, later each time unless it lasted', async () => {
    const { start, workers, waits, faults, clock } = setUp();
    await using server = await start(2);
    for (const count of [3, 4, 5]) {
      workers.at(-1)?.exit('SIGKILL');
      await expect.poll(() => workers.length).toBe(count);
    }
    clock.ms += 60_000;
    workers.at(-1)?.exit('exit code 1');
    await expect.poll(() => workers.length).toBe(6);

    expect(waits).toEqual([200, 400, 800, 100]);
    expect(server.pids).toEqual([100, 105]);
    expect(workers.at(-1)?.told).toEqual([{ type: 'start', settings: { ...settings, port: 7 } }]);
    expect(faults[0]).toBe('serving process 101 ended (SIGKILL); another takes its place');
  });

  it('counts for all together, those that have ended included', async () => {
    const { start, workers, faults } = setUp();
    await using server = await start(2);
    workers[0]?.tell({ type: 'counters', counters });
    workers[1]?.tell({ type: 'counters', counters });
    workers[1]?.exit('SIGKILL');
    await expect.poll(() => workers.length).toBe(3);
    workers[2]?.tell({ type: 'counters', counters: { ...counters, nars: 10 } });
    workers[2]?.tell({ type: 'fault', message: 'GET /x: no' });

    expect(server.counters).toEqual({
      narinfoHits: 3,
      narinfoMisses: 6,
      nars: 16,
      narBytes: 12,
      narsCut: 15,
      faults: 18,
    });
    expect(faults).toContain('GET /x: no');
  });

  it('does not start when the first cannot', async () => {
    const { start, workers } = setUp({ answer: false });
    const starting = start();
    workers[0]?.tell({ type: 'failed', code: 'cache.listen', message: 'the port is taken' });

    await expect(starting).rejects.toMatchObject({ code: 'cache.listen', message: 'the port is taken' });
    expect(workers).toHaveLength(1);
  });

  it('does not start when the first just ends', async () => {
    const { start, workers } = setUp({ answer: false });
    const starting = start();
    workers[0]?.exit('SIGSEGV');

    await expect(starting).rejects.toThrow('the process that was to serve the cache ended: SIGSEGV');
  });

  it.each([
    ['asks all of them to end', true, []],
    ['kills those that do not', false, [4000]],
  ])('%s', async (_, endsWhenAsked, waited) => {
    const { start, workers, waits } = setUp({ endsWhenAsked });
    const server = await start(3);
    await server[Symbol.asyncDispose]();

    expect(workers).toHaveLength(3);
    expect(workers.map(({ told }) => told.at(-1))).toEqual(
      Array.from({ length: 3 }, () => ({ type: 'end' })),
    );
    expect(waits).toEqual(waited);
    expect(server.pids).toEqual([]);
  });
});
