/**
 * Several processes that serve the same store on one port, and their parent, which serves nothing itself.
 *
 * Each place goes round: a process is started, listens, ends; unless all is to end, another takes its place, after a
 * wait that grows with each one that did not last. The first process finds the port; when that one cannot start, nothing
 * does. At the end every process is asked to end, and killed when it has not done so in time.
 */

import { AppError } from '../../util/app-error.ts';
import type { ErrorCode } from '../../util/error-catalogue.ts';
import { isErrorCode } from '../../util/is-error-code.ts';
import type { CacheCounters } from '../cache-context.ts';
import type { CacheWorkerSettings, FromCacheWorker, ToCacheWorker } from './worker-messages.ts';

/** A process that serves, as seen from its parent. */
export interface WorkerProcess {
  readonly pid: number;
  /** In words: how it ended. */
  readonly exited: Promise<string>;
  onMessage(listener: (message: FromCacheWorker) => void): void;
  send(message: ToCacheWorker): void;
  kill(): void;
}

export interface CacheWorkersOptions {
  readonly count: number;
  readonly settings: CacheWorkerSettings;
  readonly fork: () => WorkerProcess;
  /** Rejects when the signal fires. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds. */
  readonly now: () => number;
  readonly onFault: (message: string) => void;
}

export interface CacheWorkers extends AsyncDisposable {
  readonly url: string;
  /** Of all processes together, also of those that have ended. */
  readonly counters: Readonly<CacheCounters>;
  /** Those that run now. */
  readonly pids: readonly number[];
}

/** One that ran for so long is no reason to wait for the next. */
const lastingMs = 10_000;
const firstWaitMs = 100;
const longestWaitMs = 30_000;
/** Beyond the grace that answers get. */
const patienceMs = 3000;

interface Running {
  readonly process: WorkerProcess;
  counters: CacheCounters;
}

/** Resolves when the first process listens. Throws what that one could not start for. */
export async function startCacheWorkers(options: CacheWorkersOptions): Promise<CacheWorkers> {
  const { count, fork, pause, now, onFault } = options;
  const closing = new AbortController();
  const running = new Set<Running>();
  let past = noCounters();
  let { settings } = options;

  const onMessage = (worker: Running, message: FromCacheWorker): void => {
    if (message.type === 'counters') worker.counters = message.counters;
    if (message.type === 'fault') onFault(message.message);
    if (message.type === 'failed') onFault(`process ${worker.process.pid} cannot serve: ${message.message}`);
  };
  const begin = (): Running => {
    const worker: Running = { process: fork(), counters: noCounters() };
    running.add(worker);
    worker.process.onMessage((message) => onMessage(worker, message));
    void worker.process.exited.then(() => {
      running.delete(worker);
      past = sum(past, worker.counters);
    });
    worker.process.send({ type: 'start', settings });
    return worker;
  };
  const keepPlace = async (first: Running): Promise<void> => {
    let began = now();
    let failures = 0;
    for (let worker = first; ; worker = begin()) {
      const how = await worker.process.exited;
      if (closing.signal.aborted) return;
      failures = now() - began >= lastingMs ? 0 : failures + 1;
      onFault(`serving process ${worker.process.pid} ended (${how}); another takes its place`);
      await pause(Math.min(longestWaitMs, firstWaitMs * 2 ** failures), closing.signal);
      began = now();
    }
  };

  const first = begin();
  const { url, port } = await listening(first.process);
  settings = { ...settings, port };
  const places = [first, ...Array.from({ length: count - 1 }, begin)].map((worker) =>
    // Only a wait that is ended early rejects.
    keepPlace(worker).catch(() => {}),
  );

  return {
    url,
    get counters() {
      return [...running].reduce((total, { counters }) => sum(total, counters), past);
    },
    get pids() {
      return [...running].map(({ process }) => process.pid);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      const late = new AbortController();
      for (const { process } of running) process.send({ type: 'end' });
      const killer = pause(settings.graceMs + patienceMs, late.signal).then(
        () => {
          for (const { process } of running) process.kill();
        },
        () => {},
      );
      await Promise.all(places);
      late.abort();
      await killer;
    },
  };
}

function listening(worker: WorkerProcess): Promise<{ readonly url: string; readonly port: number }> {
  return new Promise((resolve, reject) => {
    worker.onMessage((message) => {
      if (message.type === 'listening') resolve(message);
      if (message.type === 'failed') reject(new AppError(knownCode(message.code), message.message));
    });
    void worker.exited.then((how) =>
      reject(new AppError('process.failed', `the process that was to serve the cache ended: ${how}`)),
    );
  });
}

function sum(one: CacheCounters, other: CacheCounters): CacheCounters {
  return {
    narinfoHits: one.narinfoHits + other.narinfoHits,
    narinfoMisses: one.narinfoMisses + other.narinfoMisses,
    nars: one.nars + other.nars,
    narBytes: one.narBytes + other.narBytes,
    narsCut: one.narsCut + other.narsCut,
    faults: one.faults + other.faults,
  };
}

function noCounters(): CacheCounters {
  return { narinfoHits: 0, narinfoMisses: 0, nars: 0, narBytes: 0, narsCut: 0, faults: 0 };
}

function knownCode(code: string): ErrorCode {
  // Workers are our own code, and send codes of the catalogue only.
  return isErrorCode(code) ? code : 'process.failed';
}
