/**
 * One builder of a scheduler: its connection, opened at the first step and kept, and how far it is trusted.
 *
 * A builder is `avoided` for a while after it was lost, longer each time in a row, so that a broken machine does not
 * swallow step after step; the first step that works there makes it forgotten. A lost session is not used for new
 * steps, and closed when the last step that still works over it has ended.
 *
 * Its garbage collector is kept from what is sent there while a step uses it, and until `letGo` was called twice.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { Store, TempRootLease } from '../store/store.ts';
import { errorMessage } from '../util/error-message.ts';
import { createSerialize, type Serialize } from '../util/serialize.ts';
import type { Builder } from './builder.ts';
import type { BuilderLoad } from './choose-builder.ts';
import { createRotatingLease, type RotatingLease } from './rotating-lease.ts';
import { untilAborted } from './until-aborted.ts';
import { withoutStall } from './without-stall.ts';

/** The longest time a lost builder is avoided. */
const longestPauseMs = 300_000;

export interface BuilderSession {
  readonly store: Store;
  /** Keeps what a step uses there from its garbage collector; `undefined` when nothing needs to be sent. */
  readonly lease: Pick<TempRootLease, 'add'> | undefined;
  /** Uploads, one at a time: what two steps share is sent once. */
  readonly upload: Serialize;
}

interface OpenSession {
  readonly store: Promise<Store>;
  readonly upload: Serialize;
  readonly abort: AbortController;
  lease: RotatingLease | undefined;
  /** What the steps use that work over it now. */
  readonly users: Set<Set<StorePath>>;
  lost: boolean;
}

export interface BuilderLinkOptions {
  readonly now: () => number;
  /** How long a builder is avoided after its first loss; doubled each time. */
  readonly pauseMs: number;
  /** How long opening the connection may take. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

export class BuilderLink implements BuilderLoad, AsyncDisposable {
  readonly builder: Builder;
  running = 0;
  drained = false;
  /** Milliseconds since 1970. */
  avoidedUntil = 0;
  /** Why it was lost last; undefined once it has worked again. */
  lastLoss: string | undefined;
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
   * connection lost, unless the signal has fired.
   */
  async use<T>(work: (session: BuilderSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#open ??= this.#connect();
    const open = this.#open;
    const paths = new Set<StorePath>();
    open.users.add(paths);
    try {
      const store = await untilAborted(open.store, signal, `reaching ${this.builder.name}`);
      const lease = this.#leaseFor(open, store, paths);
      return await work({ store, lease, upload: open.upload });
    } catch (error) {
      if (!signal.aborted && !this.#options.signal.aborted) this.#lose(open, errorMessage(error));
      throw error;
    } finally {
      open.users.delete(paths);
      if (open.lost && open.users.size === 0) this.#close(open);
    }
  }

  /** Not used for a while. */
  avoid(why: string): void {
    const { now, pauseMs } = this.#options;
    this.avoidedUntil = now() + Math.min(pauseMs * 2 ** this.#losses, longestPauseMs);
    this.#losses += 1;
    this.lastLoss = why;
  }

  worked(): void {
    this.#losses = 0;
    this.avoidedUntil = 0;
    this.lastLoss = undefined;
  }

  /** Lets go of what was sent before the last call of this, unless a step still uses it. */
  async letGo(): Promise<void> {
    const open = this.#open;
    if (!open?.lease?.inUse) return;
    await open.lease.rotate(async () => [...open.users].flatMap((used) => [...used]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#open !== undefined) this.#close(this.#open);
    this.#open = undefined;
    await Promise.all(this.#closing);
  }

  #lose(open: OpenSession, why: string): void {
    if (open.lost) return;
    open.lost = true;
    if (this.#open === open) this.#open = undefined;
    this.avoid(why);
  }

  #connect(): OpenSession {
    const { signal, stallMs } = this.#options;
    const abort = new AbortController();
    const { builder } = this;
    const store = withoutStall(
      { what: `reaching ${builder.name}`, stallMs, signal: AbortSignal.any([signal, abort.signal]) },
      (opening) => builder.open(opening),
    );
    // Whoever works over it is told; nobody may have waited for it to the end.
    store.catch(() => {});
    const upload = createSerialize();
    return { store, upload, abort, lease: undefined, users: new Set(), lost: false };
  }

  #leaseFor(open: OpenSession, store: Store, paths: Set<StorePath>): BuilderSession['lease'] {
    if (this.builder.isLocal) return undefined;
    return {
      add: async (more) => {
        for (const path of more) paths.add(path);
        open.lease ??= createRotatingLease(store, this.#options.signal);
        await open.lease.add(more);
      },
    };
  }

  #close(open: OpenSession): void {
    const closed = (async () => {
      // A connection that is still being opened is not waited for.
      open.abort.abort();
      try {
        // The lease goes with the store's connections; to end it first would be to wait for an answer.
        await using _store = await open.store;
      } catch {
        // A connection that never came about, or breaks while it is closed, needs no closing.
      }
    })();
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
  }
}
