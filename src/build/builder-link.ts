/**
 * One builder during a build queue: its connection, opened at the first step and kept, and how far it is trusted.
 *
 * A builder is `avoided` for a while after it was lost, longer each time in a row, so that a broken machine does not
 * swallow step after step; the first step that works there makes it forgotten. A lost session is not used for new
 * steps, and closed when the last step that still works over it has ended.
 */

import type { Store, TempRootLease } from '../store/store.ts';
import type { Builder } from './builder.ts';
import type { BuilderLoad } from './choose-builder.ts';
import { createSerialize, type Serialize } from './serialize.ts';
import { createSharedLease } from './shared-lease.ts';

/** The longest time a lost builder is avoided. */
const longestPauseMs = 300_000;

export interface BuilderSession {
  readonly store: Store;
  /** Keeps what was sent there from its garbage collector; `undefined` when nothing needs to be sent. */
  readonly lease: TempRootLease | undefined;
  /** Uploads, one at a time: what two steps share is sent once. */
  readonly upload: Serialize;
}

interface OpenSession {
  readonly session: Promise<BuilderSession>;
  users: number;
  lost: boolean;
}

export interface BuilderLinkOptions {
  readonly now: () => number;
  /** How long a builder is avoided after its first loss; doubled each time. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

export class BuilderLink implements BuilderLoad, AsyncDisposable {
  readonly builder: Builder;
  running = 0;
  /** Milliseconds since 1970. */
  avoidedUntil = 0;
  readonly #options: BuilderLinkOptions;
  #losses = 0;
  #open: OpenSession | undefined;
  readonly #closing = new Set<Promise<void>>();

  constructor(builder: Builder, options: BuilderLinkOptions) {
    this.builder = builder;
    this.#options = options;
  }

  get avoided(): boolean {
    return this.avoidedUntil > this.#options.now();
  }

  /**
   * Works over the connection, which is opened when there is none. Whatever `work` or the opening throws makes this
   * connection lost, unless the queue's signal has fired.
   */
  async use<T>(work: (session: BuilderSession) => Promise<T>): Promise<T> {
    this.#open ??= { session: this.#connect(), users: 0, lost: false };
    const open = this.#open;
    open.users += 1;
    try {
      return await work(await open.session);
    } catch (error) {
      if (!this.#options.signal.aborted) this.#lose(open);
      throw error;
    } finally {
      open.users -= 1;
      if (open.lost && open.users === 0) this.#close(open);
    }
  }

  /** Not used for a while. */
  avoid(): void {
    const { now, pauseMs } = this.#options;
    this.avoidedUntil = now() + Math.min(pauseMs * 2 ** this.#losses, longestPauseMs);
    this.#losses += 1;
  }

  worked(): void {
    this.#losses = 0;
    this.avoidedUntil = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#open !== undefined) this.#close(this.#open);
    this.#open = undefined;
    await Promise.all(this.#closing);
  }

  #lose(open: OpenSession): void {
    if (open.lost) return;
    open.lost = true;
    if (this.#open === open) this.#open = undefined;
    this.avoid();
  }

  async #connect(): Promise<BuilderSession> {
    const { signal } = this.#options;
    const store = await this.builder.open(signal);
    const upload = createSerialize();
    if (this.builder.isLocal) return { store, lease: undefined, upload };
    return { store, lease: createSharedLease(store, signal), upload };
  }

  #close(open: OpenSession): void {
    const closed = (async () => {
      try {
        const session = await open.session;
        await using _store = session.store;
        await session.lease?.[Symbol.asyncDispose]();
      } catch {
        // A connection that never came about, or breaks while it is closed, needs no closing.
      }
    })();
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
  }
}
