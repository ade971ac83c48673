/**
 * The workers of an evaluation: started when one is wanted and none is free, used again, and replaced when they have grown
 * or may remember what is not so any more. Together they keep to a budget of memory; who is over it when the others have
 * gone is killed.
 */

import { ReplWorker } from './repl-worker.ts';
import { residentMemory } from './resident-memory.ts';
import type { KillReason } from './worker-death.ts';
import type { WorkerSettings } from './worker-settings.ts';

const samplePeriodMs = 200;

export interface PooledWorker {
  readonly worker: ReplWorker;
  busy: boolean;
  /** A job that it had in hand waits, and it may remember why. */
  parked?: boolean;
  /** To be replaced when it is idle. */
  spent?: boolean;
  killed?: KillReason;
}

export interface WorkerPoolOptions {
  readonly settings: WorkerSettings;
  /** Gives the input that defines the worker function, for a nonce. */
  readonly setup: (nonce: string) => string;
  /** Whether a job may wait in its worker for a build of somebody else. */
  readonly waits: boolean;
  /** Ends those that are just starting. */
  readonly signal: AbortSignal;
}

/** Disposing kills all of them. */
export class WorkerPool implements AsyncDisposable {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Set<PooledWorker>();
  readonly #sampler: NodeJS.Timeout;
  #sampling = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#sampler = setInterval(() => void this.#sample(), samplePeriodMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sampler);
    await this.dismissAll();
  }

  /** One that is free, or a new one; it is busy until it is released. Throws what starting it throws. */
  async take(): Promise<PooledWorker> {
    for (const pooled of this.#workers) {
      if (pooled.busy) continue;
      if (pooled.worker.alive && pooled.killed === undefined) {
        pooled.busy = true;
        return pooled;
      }
      this.#workers.delete(pooled);
    }
    const { settings, setup, waits, signal } = this.#options;
    const { argv, env } = settings;
    const pooled: PooledWorker = {
      worker: await ReplWorker.start({ argv, setup, waits, env, signal }),
      busy: true,
    };
    this.#workers.add(pooled);
    return pooled;
  }

  /** One above its share is replaced between two jobs, before it must be killed within one. */
  async release(pooled: PooledWorker): Promise<void> {
    const { budget, workers } = this.#options.settings;
    const size = await residentMemory(pooled.worker.pid);
    const spent = pooled.spent || pooled.killed !== undefined || pooled.worker.wasInterrupted;
    if (spent || size > budget / workers) await this.#dismiss([pooled]);
    pooled.busy = false;
  }

  /** It has died. */
  remove(pooled: PooledWorker): void {
    this.#workers.delete(pooled);
  }

  kill(pooled: PooledWorker, reason: KillReason): void {
    pooled.killed ??= reason;
    void pooled.worker.kill();
  }

  /** Replaces those that a job waited in, which may remember that it failed: at once, or when they are idle. */
  async replaceParked(): Promise<void> {
    const parked = [...this.#workers].filter((pooled) => pooled.parked);
    for (const pooled of parked) pooled.spent = true;
    await this.#dismiss(parked.filter(({ busy }) => !busy));
  }

  dismissAll(): Promise<void> {
    return this.#dismiss([...this.#workers]);
  }

  async #dismiss(dismissed: readonly PooledWorker[]): Promise<void> {
    for (const pooled of dismissed) this.#workers.delete(pooled);
    await Promise.all(dismissed.map(({ worker }) => worker.kill()));
  }

  /** Over budget, workers without a job go first; then the biggest of the others, one at a time. */
  async #sample(): Promise<void> {
    if (this.#sampling) return;
    this.#sampling = true;
    try {
      const sizes = await Promise.all(
        [...this.#workers].map(async (pooled) => ({ pooled, size: await residentMemory(pooled.worker.pid) })),
      );
      const total = sizes.reduce((sum, { size }) => sum + size, 0);
      const dying = sizes.some(({ pooled }) => pooled.killed !== undefined);
      if (total <= this.#options.settings.budget || dying) return;
      const idle = sizes.filter(({ pooled }) => !pooled.busy);
      const [biggest] = sizes.filter(({ pooled }) => pooled.busy).toSorted((a, b) => b.size - a.size);
      if (idle.length > 0) await this.#dismiss(idle.map(({ pooled }) => pooled));
      else if (biggest !== undefined) this.kill(biggest.pooled, 'memory');
    } finally {
      this.#sampling = false;
    }
  }
}
