/** The sides of the dispatch benchmark: our scheduler, as the server has it, and `nix-build`. */

import { mkdtemp } from 'node:fs/promises';
import type { Builder } from '../../src/build/builder.ts';
import { createScheduler } from '../../src/build/create-scheduler.ts';
import { localBuilder } from '../../src/build/local-builder.ts';
import type { Scheduler, SchedulerOptions } from '../../src/build/scheduler.ts';
import { createStepRecorder } from '../../src/ci/builds/create-step-recorder.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';
import { evaluate, job, sampleJobset } from '../../test/db/samples.ts';

export interface OurSide extends AsyncDisposable {
  readonly scheduler: Scheduler;
  /** Builds all of it; returns the milliseconds from the first call to the last outcome. */
  build(drvPaths: readonly StorePath[]): Promise<number>;
}

/** A scheduler that writes to a SQLite database. `builders` default to this machine with two slots. */
export async function ourSide(
  builders?: readonly Builder[],
  options: Partial<SchedulerOptions> = {},
): Promise<OurSide> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp('/nix/var/bench.');
  const database = stack.use(await openDatabase(`${folder}/proteus.sqlite`, { now: Date.now }));
  const { id } = await sampleJobset(database);
  const evaluation = await evaluate(database, id, [job('bench')]);
  const owner = evaluation.build('bench');
  const store = stack.use(await openStore({ type: 'local' }));
  const storeDatabase = stack.use(
    await openStoreDatabase('/nix/var/nix/db/db.sqlite', { keepOpenBy: store }),
  );
  const scheduler = stack.use(
    createScheduler({
      store,
      storeDatabase,
      builders: builders ?? [{ ...(await localBuilder()), slots: 2 }],
      emit: () => {},
      logDirectory: `${folder}/logs`,
      recorder: createStepRecorder({
        database,
        emit: () => {},
        logDirectory: `${folder}/logs`,
        logs: { began: () => {}, ended: () => {} },
        onAttempt: () => {},
        now: Date.now,
      }),
      maxSilentSeconds: 3600,
      timeoutSeconds: 36_000,
      maxLogBytes: 64 * 1024 * 1024,
      ...options,
    }),
  );
  const owned = stack.move();
  return {
    scheduler,
    async build(drvPaths) {
      const started = performance.now();
      const outcomes = await Promise.all(
        // All steps are recorded under one build, as there is but one row.
        drvPaths.map((drvPath) =>
          scheduler.enqueue(drvPath, { id: owner, share: id, globalPriority: 0, priority: 100 }),
        ),
      );
      const failed = outcomes.find((outcome) => !outcome.ok);
      if (failed !== undefined && !failed.ok) throw new Error(`${failed.drvPath}: ${failed.message}`);
      return performance.now() - started;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Milliseconds from the start of `nix-build` to its end. */
export async function nixBuild(drvPaths: readonly StorePath[], flags: readonly string[]): Promise<number> {
  const started = performance.now();
  await runProcess(['nix-build', '--no-out-link', ...flags, ...drvPaths]);
  return performance.now() - started;
}
