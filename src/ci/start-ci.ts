/**
 * Starts the continuous loop (`docs/continuous.md`): ties the database, the evaluator, the scheduler and the store
 * together.
 *
 * What a server that died left behind is set right first: its running steps and evaluations are ended as aborted. Then
 * every unfinished build is handed to the scheduler, while jobsets are looked at already. Ending it leaves unfinished
 * what is unfinished, for the next start.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createScheduler } from '../build/create-scheduler.ts';
import type { Database } from '../db/database.ts';
import type { JobsetRecord } from '../db/records.ts';
import { evaluateJobset } from '../evaluate/evaluate-jobset.ts';
import { lockFlake } from '../evaluate/lock-flake.ts';
import type { ServerEvent } from '../events/event.ts';
import { fetchInputs } from '../inputs/fetch-inputs.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { createBuildControl } from './builds/create-build-control.ts';
import { createBuildLoop } from './builds/create-build-loop.ts';
import { createFailureCache } from './builds/create-failure-cache.ts';
import { createStepRecorder } from './builds/create-step-recorder.ts';
import { createPublishOutputs } from './builds/publish-outputs.ts';
import type { Ci } from './ci.ts';
import { type CiOptions, type CiSettings, defaultCiSettings } from './ci-options.ts';
import { createEventHub } from './create-event-hub.ts';
import { createDeclarations } from './declarative/create-declarations.ts';
import { createEvaluationLoop } from './evaluations/create-evaluation-loop.ts';
import { runEvaluation } from './evaluations/run-evaluation.ts';
import { createLogReader } from './logs/create-log-reader.ts';
import { patientDatabase } from './patient-database.ts';
import { readBuildProducts } from './products/read-build-products.ts';
import { createRetention } from './retention/create-retention.ts';
import { createRetentionLoop } from './retention/create-retention-loop.ts';
import { openGcRoots } from './retention/gc-roots.ts';
import { openRollouts } from './rollouts/open-rollouts.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** Throws what the database and the store throw when they cannot be used at all. */
export async function startCi(options: CiOptions): Promise<Ci> {
  const { store, dataDirectory, now = Date.now, env = process.env } = options;
  const settings: CiSettings = { ...defaultCiSettings, ...options.settings };
  const closing = new AbortController();
  const signal =
    options.signal === undefined ? closing.signal : AbortSignal.any([options.signal, closing.signal]);
  const logDirectory = join(dataDirectory, 'logs');
  await mkdir(logDirectory, { recursive: true });

  // Microseconds are finer than events come, so a later server's numbers are higher.
  const events = createEventHub({ firstId: now() * 1000 });
  const emit = (event: ServerEvent): void => {
    // Lines of logs are read from the logs, by those who want them.
    if (event.type !== 'step.log') events.emit(event);
    options.onEvent?.(event);
  };
  const say = (level: 'error' | 'warning' | 'info', text: string): void =>
    emit({ type: 'message', level, text });
  const database = patientDatabase(options.database, {
    signal,
    onAway: (error) => say('error', `waiting for the database: ${error.message}`),
    onBack: () => say('info', 'the database is back'),
  });
  const roots = await openGcRoots(join(dataDirectory, 'gcroots'), store, now);
  const logs = createLogReader(logDirectory);
  await setRight(database, now());

  const scheduler = createScheduler({
    store,
    storeDatabase: options.storeDatabase,
    builders: options.builders,
    emit,
    logDirectory,
    signal,
    timeoutSeconds: settings.timeoutSeconds,
    maxSilentSeconds: settings.maxSilentSeconds,
    maxLogBytes: settings.maxLogBytes,
    ...(settings.maxOutputBytes === 0 ? {} : { outputLimitBytes: settings.maxOutputBytes }),
    now,
    failures: createFailureCache(database, settings.failuresKeptMs, now),
    recorder: createStepRecorder({
      database,
      emit,
      logDirectory,
      logs,
      onAttempt: (attempt) => builds.attempted(attempt),
      now,
    }),
    onBuilder: (builder, state) => emit({ type: 'ci.builder.changed', builder, state }),
  });
  const onFinished = (jobsetId: number): void => {
    evaluations.buildFinished(jobsetId);
    declarations.ended(jobsetId);
  };
  const declarations = createDeclarations({
    database,
    parse: options.parseDeclared,
    emit,
    onChanged: (jobsetId) => evaluations.jobsetChanged(jobsetId),
    now,
    signal,
  });
  const builds = createBuildLoop({
    database,
    scheduler,
    store,
    publish: createPublishOutputs({
      store,
      storeDatabase: options.storeDatabase,
      roots,
      keys: options.keys,
      assertServable: options.assertServable,
      signal,
    }),
    readProducts: readBuildProducts,
    emit,
    onFinished,
    now,
    signal,
  });
  const retention = createRetention({ database, store, roots, now });
  const retentionLoop = createRetentionLoop({
    retention,
    intervalMs: settings.retentionIntervalMs,
    emit,
    signal,
  });
  const rollouts = openRollouts({
    database,
    store,
    roots,
    options: options.rollouts,
    logDirectory,
    logs,
    emit,
    now,
    signal,
  });
  const evaluations = createEvaluationLoop({
    database,
    run: async (jobset, run) => {
      await runEvaluation(jobset, run, {
        database,
        store,
        roots,
        builds,
        scheduler,
        declarations,
        fetchInputs,
        lockFlake,
        evaluateJobset,
        cacheDirectory: join(dataDirectory, 'scm'),
        settings: {
          ...(settings.evaluationWorkers === undefined ? {} : { workers: settings.evaluationWorkers }),
          ...(settings.evaluationMemory === undefined ? {} : { memoryBudget: settings.evaluationMemory }),
        },
        allowedUris: settings.allowedUris,
        emit,
        now,
        env,
      });
      declarations.ended(jobset.id);
      retentionLoop.evaluated();
    },
    atOnce: settings.evaluationsAtOnce,
    timeoutMs: settings.evaluationTimeoutMs,
    emit,
    onJobset: (jobsetId, jobset) => {
      if (jobset === undefined) builds.leaveJobset(jobsetId);
      else void loadShares([jobset]);
    },
    now,
    signal,
  });

  /** How much of the builders each jobset used in the last day. */
  const loadShares = async (jobsets: readonly JobsetRecord[]): Promise<void> => {
    const used = await database.steps.secondsPerJobset(now() - dayMs);
    for (const { id, schedulingShares } of jobsets) {
      scheduler.setShare(id, { shares: schedulingShares, usedSeconds: used.get(id) ?? 0 });
    }
  };
  const unlessStopped = (what: string, work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => {
      if (!signal.aborted) say('error', `${what}: ${errorMessage(error)}`);
    });

  await loadShares(await database.jobsets.list());
  for (const builder of await database.server.drainedBuilders()) scheduler.setDrained(builder, true);
  const taking = unlessStopped('builds cannot be read from the database', builds.takeAll());
  const reloading = setInterval(() => {
    void unlessStopped('shares cannot be counted', database.jobsets.list().then(loadShares));
  }, hourMs);
  signal.addEventListener('abort', () => clearInterval(reloading), { once: true });
  await declarations.start();
  await rollouts.start();
  evaluations.wake();

  return {
    database: options.database,
    events,
    logs,
    evaluations,
    builds: createBuildControl({ database, scheduler, store, roots, loop: builds, emit, onFinished, now }),
    builders: {
      list: () => scheduler.builders(),
      replace: (builders) => scheduler.setBuilders(builders),
      async setDrained(name, drained, by) {
        const names = scheduler.builders().map((builder) => builder.name);
        if (!names.includes(name)) {
          const known = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
          throw new AppError('builder.unknown', `there is no builder ${JSON.stringify(name)}; ${known}`);
        }
        await database.server.setDrained(name, drained, by, now());
        scheduler.setDrained(name, drained);
      },
    },
    retention,
    rollouts,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await evaluations.idle();
      await scheduler[Symbol.asyncDispose]();
      await Promise.all([builds.idle(), declarations.idle(), taking, retentionLoop.idle(), rollouts.idle()]);
    },
  };
}

/** What was running when the server went cannot be running any more. */
async function setRight(database: Database, at: number): Promise<void> {
  const message = 'the server stopped meanwhile';
  await database.transaction(async (tx) => {
    await tx.steps.abandonRunning(at, message);
    await tx.evaluations.abandonUnfinished(at, message);
  });
}
