/**
 * The continuous loop without anything that runs, for tests of the API: what it is told to do is done to the database at
 * once, and remembered. Logs and events are what a test says.
 */

import type { BuilderStatus, WaitReason } from '../../build/scheduler.ts';
import type { Ci, EvaluationProgress, RetentionPlan } from '../../ci/ci.ts';
import type { NumberedEvent } from '../../ci/event-hub.ts';
import { createRollouts } from '../../ci/rollouts/create-rollouts.ts';
import { planFleet } from '../../ci/rollouts/plan-fleet.ts';
import type { Database } from '../../db/database.ts';
import type { ServerEvent } from '../../events/event.ts';
import { AppError } from '../../util/app-error.ts';

export interface FakeLog {
  bytes: Buffer;
  live: boolean;
}

export interface FakeCi {
  readonly ci: Ci;
  /** What the loop was told, e.g. `cancel evaluation 3`. */
  readonly told: string[];
  readonly logs: Map<string, FakeLog>;
  /** Lets followers see what was added to a log or that it ended. */
  logsChanged(): void;
  readonly events: NumberedEvent[];
  emit(event: ServerEvent): void;
  /** How many listen to events or follow logs. */
  listeners(): number;
  running: EvaluationProgress[];
  builders: BuilderStatus[];
  reasons: Map<number, WaitReason>;
  plan: RetentionPlan;
}

export function createFakeCi(database: Database, now: () => number): FakeCi {
  let listeners = 0;
  let changed = Promise.withResolvers<void>();
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const waitFor = (signal: AbortSignal): Promise<unknown> =>
    Promise.race([
      changed.promise,
      new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
    ]);
  const fake: Omit<FakeCi, 'ci'> = {
    told: [],
    logs: new Map(),
    logsChanged: wake,
    events: [],
    emit(event) {
      fake.events.push({ id: fake.events.length + 1, event, json: JSON.stringify(event) });
      wake();
    },
    listeners: () => listeners,
    running: [],
    builders: [],
    reasons: new Map(),
    plan: { kept: 0, removed: [] },
  };
  const ci: Ci = {
    database,
    events: {
      emit: (event) => fake.emit(event),
      async *listen({ signal, lastId = fake.events.length, wants = () => true }) {
        listeners += 1;
        try {
          for (let at = lastId; !signal.aborted; ) {
            const next = fake.events[at];
            if (next === undefined) await waitFor(signal);
            else {
              at += 1;
              if (wants(next.event)) yield next;
            }
          }
        } finally {
          listeners -= 1;
        }
      },
    },
    logs: {
      async stat(file) {
        const log = fake.logs.get(file);
        return log && { bytes: log.bytes.length, live: log.live };
      },
      async *read(file, { from = 0, to = Number.POSITIVE_INFINITY } = {}) {
        const bytes = fake.logs.get(file)?.bytes.subarray(from, to) ?? Buffer.alloc(0);
        for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
      },
      async *follow(file, from, signal) {
        listeners += 1;
        try {
          for (let at = from; !signal.aborted; ) {
            const log = fake.logs.get(file);
            if (log === undefined) return;
            const piece = log.bytes.subarray(at);
            if (piece.length > 0) {
              at += piece.length;
              yield piece;
            } else if (log.live) await waitFor(signal);
            else return;
          }
        } finally {
          listeners -= 1;
        }
      },
    },
    evaluations: {
      async trigger(id, { force = false } = {}) {
        fake.told.push(`${force ? 'force' : 'trigger'} ${id}`);
        await database.jobsets.trigger(id, now(), { force });
      },
      async cancel(id) {
        fake.told.push(`cancel evaluation of ${id}`);
        return fake.running.some(({ jobsetId }) => jobsetId === id);
      },
      running: () => fake.running,
      jobsetChanged: (id) => void fake.told.push(`changed ${id}`),
    },
    builds: {
      cancel: (ids) => {
        fake.told.push(`cancel builds ${ids.join(', ')}`);
        return database.builds.cancel(ids, now());
      },
      restart: (ids) => database.builds.restart(ids),
      bump: (ids) => database.builds.bump(ids, Math.floor(now() / 1000)),
      explain: (id) => fake.reasons.get(id) ?? { type: 'unknown-build' },
    },
    builders: {
      list: () => fake.builders,
      replace: (builders) => void fake.told.push(`replace by ${builders.map(({ name }) => name).join()}`),
      async setDrained(name, drained, by) {
        fake.told.push(`${drained ? 'drain' : 'undrain'} ${name} by ${by}`);
        if (!fake.builders.some((builder) => builder.name === name)) {
          throw new AppError('builder.unknown', `there is no builder ‘${name}’`);
        }
        fake.builders = fake.builders.map((builder) =>
          builder.name === name ? { ...builder, drained } : builder,
        );
      },
    },
    retention: {
      plan: async () => fake.plan,
      async apply() {
        fake.told.push('apply retention');
        return fake.plan;
      },
    },
    // Planned and steered for real, and executed by nobody.
    rollouts: createRollouts({
      database,
      plan: (request) => planFleet(request, { database, secretsFolder: undefined, defaultUser: undefined }),
      run: ({ id }) => {
        fake.told.push(`run ${id}`);
        return new Promise(() => {});
      },
      emit: (event) => fake.emit(event),
      randomWord: () => 'x1',
      now,
      signal: new AbortController().signal,
    }),
    [Symbol.asyncDispose]: async () => {},
  };
  return Object.assign(fake, { ci });
}
