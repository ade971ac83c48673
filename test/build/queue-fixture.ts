/** A scheduler over the lab's own store, with everything it told. */

import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Builder } from '../../src/build/builder.ts';
import { createScheduler } from '../../src/build/create-scheduler.ts';
import { localBuilder } from '../../src/build/local-builder.ts';
import type { Scheduler, SchedulerOptions } from '../../src/build/scheduler.ts';
import type { BuildEvent, ProteusEvent } from '../../src/events/event.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';

export interface QueueFixture extends AsyncDisposable {
  /** Made as `createBuildQueue` does, but for the options. */
  readonly queue: Scheduler;
  readonly store: Store;
  readonly local: Builder;
  readonly events: readonly ProteusEvent[];
  /** The events of one type. */
  of<T extends BuildEvent['type']>(type: T): readonly Extract<BuildEvent, { type: T }>[];
  /** Lets builds pass the gate of that name (see instantiate.ts). */
  open(gate: string): Promise<void>;
  /** Resolves when a build stands at the gate. */
  atGate(gate: string): Promise<void>;
  /** Resolves at the next such event that matches, or at once if there was one. */
  seen(match: (event: ProteusEvent) => boolean): Promise<void>;
}

export async function queueFixture(
  options: Partial<SchedulerOptions> & {
    /** Of the local builder; default 2. */
    readonly slots?: number;
    /** Builders besides the local one. */
    readonly remote?: readonly Builder[];
    /** Lines of nix.conf for the local daemons. */
    readonly nixConfig?: string;
  } = {},
): Promise<QueueFixture> {
  const env = { ...process.env, NIX_CONFIG: options.nixConfig };
  const store = await openStore({ type: 'local' }, { env });
  const events: ProteusEvent[] = [];
  const waiting = new Set<() => void>();
  const gates = await mkdtemp('/nix/var/gates.');
  const settings = { 'extra-sandbox-paths': `/gates=${gates}` };
  const local: Builder = { ...(await localBuilder({ settings, env })), slots: options.slots ?? 2 };
  const queue = createScheduler({
    store,
    builders: [local, ...(options.remote ?? [])],
    emit: (event) => {
      events.push(event);
      for (const check of waiting) check();
    },
    logDirectory: await mkdtemp('/nix/var/logs.'),
    retryDelayMs: 50,
    unsupportedAfterMs: 0,
    keepMs: Number.POSITIVE_INFINITY,
    compressLogs: false,
    ...options,
  });
  const seen = (match: (event: ProteusEvent) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!events.some(match)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return {
    queue,
    store,
    local,
    events,
    of: (type) => events.filter((event) => event.type === type) as never, // narrowed by the comparison
    open: (gate) => writeFile(join(gates, gate), ''),
    atGate: (gate) => seen((event) => event.type === 'step.log' && event.line === `at gate ${gate}`),
    seen,
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
