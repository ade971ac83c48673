/**
 * Connections to one store, opened when needed and at most so many, kept for reuse for a while.
 *
 * Who finds all of them taken waits in line. A connection that comes back broken is forgotten; one that comes back
 * after a refusal is tried before it is given out again. Leases stand outside of the count: they are held for long,
 * and waiting for one could be for ever.
 */

import { AppError } from '../util/app-error.ts';
import type { Connection } from './connection.ts';

export interface PoolOptions {
  /** For messages. */
  readonly name: string;
  readonly max: number;
  /** Makes a connection; its signal fires when nobody waits for it any more. */
  open(signal: AbortSignal | undefined): Promise<Connection>;
  /** Idle ones are closed after this; default 30 s. */
  readonly idleMs?: number | undefined;
  /**
   * They are not used for longer than this; default 10 minutes. A daemon keeps all that it built or fetched for a
   * connection from the garbage collector for as long as the connection lasts.
   */
  readonly ageMs?: number | undefined;
}

interface Idle {
  readonly connection: Connection;
  readonly timer: NodeJS.Timeout;
}

export class Pool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #idle: Idle[] = [];
  /** All that are open, idle or not, leases too, and when they are old. */
  readonly #open = new Map<Connection, number>();
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Lends a connection to `work`. Throws `interrupted` when the signal fires while waiting for one. */
  async use<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connection = await this.#take(signal);
    try {
      return await work(connection);
    } finally {
      this.#giveBack(connection);
    }
  }

  /** The same for what is read bit by bit. */
  async *stream(
    work: (connection: Connection) => AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const connection = await this.#take(signal);
    try {
      yield* work(connection);
    } finally {
      this.#giveBack(connection);
    }
  }

  /** A connection of one's own, outside of the count, until `endLease`. */
  async lease(signal?: AbortSignal): Promise<Connection> {
    this.#checkOpen();
    return this.#connect(signal);
  }

  async endLease(connection: Connection): Promise<void> {
    await this.#drop(connection);
  }

  /** Idle connections say goodbye; those in use are broken off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const { timer } of this.#idle.splice(0)) clearTimeout(timer);
    for (const next of this.#waiting.splice(0)) next();
    await Promise.all([...this.#open.keys()].map((connection) => connection[Symbol.asyncDispose]()));
    this.#open.clear();
  }

  async #take(signal: AbortSignal | undefined): Promise<Connection> {
    this.#checkOpen();
    if (signal?.aborted) throw this.#interrupted();
    if (this.#taken >= this.#options.max) await this.#turn(signal);
    else this.#taken += 1;
    try {
      this.#checkOpen();
      for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
        clearTimeout(idle.timer);
        if (await idle.connection.ping()) return idle.connection;
        await this.#drop(idle.connection);
      }
      return await this.#connect(signal);
    } catch (error) {
      this.#next();
      throw error;
    }
  }

  /** Waits until somebody hands their place over. */
  async #turn(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(this.#interrupted());
      };
      const go = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#waiting.push(go);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }

  #giveBack(connection: Connection): void {
    const isOld = performance.now() > (this.#open.get(connection) ?? 0);
    if (this.#closed || isOld || !connection.usable) {
      void this.#drop(connection);
    } else {
      const timer = setTimeout(() => {
        this.#idle.splice(this.#idle.indexOf(idle), 1);
        void this.#drop(connection);
      }, this.#options.idleMs ?? 30_000);
      timer.unref();
      const idle = { connection, timer };
      this.#idle.push(idle);
    }
    this.#next();
  }

  async #connect(signal: AbortSignal | undefined): Promise<Connection> {
    const connection = await this.#options.open(signal);
    this.#open.set(connection, performance.now() + (this.#options.ageMs ?? 600_000));
    if (this.#closed) {
      await this.#drop(connection);
      this.#checkOpen();
    }
    return connection;
  }

  async #drop(connection: Connection): Promise<void> {
    await connection[Symbol.asyncDispose]();
    this.#open.delete(connection);
  }

  #interrupted(): AppError {
    return new AppError('interrupted', `interrupted: waiting for a connection to ${this.#options.name}`);
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError('store.unreachable', `${this.#options.name} has been closed`);
  }
}
