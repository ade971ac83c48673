/**
 * One evaluation under way: what is still to do, the workers, and what became of each job.
 *
 * A job goes from `todo` to a worker, and from there to a result; sets found on the way of a discovery put their members
 * into `todo`. A job whose worker was killed goes to `alone` once: when nothing else is left, it gets a fresh worker with
 * no other beside it, and only when that is killed too, it has failed. The policy is that of nix-eval-jobs
 * (src/nix-eval-jobs.cc, 2026). A job that failed for want of something that can be had waits for it without a worker,
 * and goes back to `todo`.
 */

import type { Emit, EvaluationError } from '../events/event.ts';
import { parseEvaluationError } from '../network/parse-evaluation-error.ts';
import { isStorePath, parseStorePath, type StorePath } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import { AsyncQueue } from './async-queue.ts';
import type { EvaluationRequest, EvaluationSettings, JobRequest, JobResult } from './evaluation.ts';
import { jobName } from './job-name.ts';
import type { WorkerAnswer } from './repl-worker.ts';
import { type KillReason, workerDeath } from './worker-death.ts';
import { setupInput } from './worker-input.ts';
import { type PooledWorker, WorkerPool } from './worker-pool.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** A set that contains itself must not be walked for ever. */
const maxDepth = 32;
const maxFound = 1_000_000;

interface RunOptions {
  readonly request: EvaluationRequest;
  readonly settings: EvaluationSettings;
  readonly workers: WorkerSettings;
  readonly emit: Emit;
  readonly keep?: KeepDerivation | undefined;
  readonly recover?: RecoverJob | undefined;
  /** Whether workers must be replaced before a job that waited is tried again. */
  readonly remembersFailures: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Awaited before a job is told, while the worker that wrote the derivation still holds it from the garbage collector. */
export type KeepDerivation = (drvPath: StorePath) => Promise<void>;

/**
 * Given the name of a job that failed and what Nix printed. `undefined`: that is all there is to it. Else settles when
 * the job is to be tried again, or with the error that it fails with.
 */
export type RecoverJob = (job: string, text: string) => Promise<EvaluationError | undefined> | undefined;

export class EvaluationRun implements AsyncDisposable {
  readonly #options: RunOptions;
  readonly #results = new AsyncQueue<JobResult>();
  readonly #todo: JobRequest[];
  readonly #alone: JobRequest[] = [];
  readonly #pool: WorkerPool;
  /** Workers that need not be told what to begin with any more. */
  readonly #opened = new WeakSet<PooledWorker>();
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #onAbort = (): void => this.#fail(new AppError('interrupted', 'the evaluation was interrupted'));
  /** Jobs under way, those that still wait for their worker to start included. */
  #active = 0;
  #waiting = 0;
  /** Attributes that a discovery came upon. */
  #found = 0;
  #runsAlone = false;
  #openings = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    const { request, workers: settings, recover } = options;
    const { jobs, within } = request;
    this.#pool = new WorkerPool({
      settings,
      setup: (nonce) => setupInput(request, nonce),
      waits: recover === undefined,
      signal: this.#stop.signal,
    });
    this.#todo = jobs === 'discover' ? [{ name: '', attrPath: within?.attrPath ?? [] }] : [...jobs];
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
    else this.#pump();
  }

  /** Results as they arrive. Throws what stops the whole evaluation: `interrupted`, `evaluation.worker`. */
  results(): AsyncGenerator<JobResult> {
    return this.#results.take();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Kills the workers, those that are just starting too; what waits for them then ends.
    this.#stop.abort();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    await Promise.all(this.#running);
    await this.#pool[Symbol.asyncDispose]();
  }

  #fail(error: unknown): void {
    this.#stop.abort();
    this.#results.fail(error);
  }

  /** Starts what can be started now. */
  #pump(): void {
    if (this.#stop.signal.aborted) return;
    while (this.#active < this.#options.workers.workers && !this.#runsAlone) {
      const job = this.#todo.shift();
      if (job === undefined) break;
      this.#start(job, false);
    }
    if (this.#active > 0) return;
    const alone = this.#alone.shift();
    if (alone !== undefined) this.#start(alone, true);
    else if (this.#waiting === 0) this.#results.end();
  }

  #start(job: JobRequest, alone: boolean): void {
    this.#active += 1;
    this.#runsAlone = alone;
    const running = this.#run(job, alone)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running.delete(running);
        this.#active -= 1;
        this.#runsAlone = false;
        this.#pump();
      });
    this.#running.add(running);
  }

  async #run(job: JobRequest, alone: boolean): Promise<void> {
    const { emit } = this.#options;
    if (alone) await this.#pool.dismissAll();
    else if (this.#isJob(job)) emit({ type: 'evaluation.job.started', job: job.name });
    await this.#evaluate(job, alone);
  }

  async #evaluate(job: JobRequest, alone: boolean): Promise<void> {
    const { settings, emit } = this.#options;
    const pooled = await this.#pool.take();
    const start = performance.now();
    const timer =
      settings.jobTimeoutMs === undefined
        ? undefined
        : setTimeout(() => this.#pool.kill(pooled, 'timeout'), settings.jobTimeoutMs);
    const onMessage = (text: string): void => emit({ type: 'evaluation.job.message', job: job.name, text });
    const { worker } = pooled;
    let answer = await worker.run(job, onMessage, alone ? undefined : this.#opening(pooled, job));
    if (answer.type === 'error' && !answer.begun) answer = await worker.run(job, onMessage);
    clearTimeout(timer);
    if (this.#stop.signal.aborted) return;
    if (answer.type === 'died') {
      this.#pool.remove(pooled);
      this.#bury(job, alone, pooled.killed, answer);
      return;
    }
    if (answer.type === 'error') {
      const recovery = this.#options.recover?.(job.name, answer.text);
      const error = parseEvaluationError(answer.text, { wholeTrace: settings.showTrace });
      if (recovery === undefined) this.#failJob(job, withLog(error, answer.buildLog), answer.data);
      else {
        pooled.parked = true;
        void this.#wait(job, recovery);
      }
    } else await this.#take(job, answer, performance.now() - start);
    await this.#pool.release(pooled);
  }

  #opening(pooled: PooledWorker, job: JobRequest): readonly string[] | undefined {
    const { request, workers } = this.#options;
    if (this.#opened.has(pooled) || !this.#isJob(job) || workers.workers < 2) return undefined;
    this.#opened.add(pooled);
    // Those that take the place of others come when most is written already.
    return this.#openings < workers.workers ? request.opening?.(job, this.#openings++) : undefined;
  }

  async #wait(job: JobRequest, recovery: Promise<EvaluationError | undefined>): Promise<void> {
    this.#waiting += 1;
    try {
      const error = await recovery;
      if (error !== undefined) this.#failJob(job, error);
      else {
        if (this.#options.remembersFailures) await this.#pool.replaceParked();
        this.#todo.unshift(job);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#waiting -= 1;
    this.#pump();
  }

  /** What a finished job brought. */
  async #take(
    job: JobRequest,
    { result, meta, data }: WorkerAnswer & { readonly type: 'result' },
    durationMs: number,
  ): Promise<void> {
    const { emit, keep } = this.#options;
    if ('derivation' in result) {
      const { name: drvName, system, outputs, aggregate } = result.derivation;
      const drvPath = parseStorePath(result.derivation.drvPath);
      await keep?.(drvPath);
      this.#results.push({
        ok: true,
        name: job.name,
        attrPath: job.attrPath,
        drvName,
        system,
        drvPath,
        outputs: new Map(Object.entries(outputs).map(([name, path]) => [name, knownPath(path)])),
        meta,
        durationMs,
        ...(data === undefined ? {} : { data }),
        ...(aggregate === undefined ? {} : { aggregate }),
      });
      emit({ type: 'evaluation.job.done', job: job.name, drvPath, durationMs });
    } else if (this.#isJob(job)) {
      const what = 'attributes' in result ? 'a set' : `of type ${result.other}`;
      this.#failJob(job, plainError(`${job.attrPath.join('.')} should be a derivation, but is ${what}`));
    } else if ('attributes' in result) this.#walk(job, result.attributes);
  }

  #walk(job: JobRequest, attributes: readonly string[]): void {
    const { within } = this.#options.request;
    this.#found += attributes.length;
    const excess =
      job.attrPath.length >= maxDepth
        ? `it is more than ${maxDepth} sets deep`
        : `there are more than ${maxFound} attributes in all`;
    if (job.attrPath.length >= maxDepth || this.#found > maxFound) {
      const message = `${job.name} is not looked into, because ${excess}: most likely a set contains itself`;
      this.#failJob(job, plainError(message));
      return;
    }
    for (const attribute of attributes) {
      const attrPath = [...job.attrPath, attribute];
      this.#todo.push(within?.job(attribute) ?? { name: jobName(attrPath), attrPath });
    }
  }

  /** False for what may turn out to be a set of jobs, or nothing. */
  #isJob({ name }: JobRequest): boolean {
    const { jobs, within } = this.#options.request;
    return jobs !== 'discover' || (within !== undefined && name !== '');
  }

  /** The worker is gone, and what it had in hand is tried once more, alone, unless that is of no use. */
  #bury(
    job: JobRequest,
    alone: boolean,
    killed: KillReason | undefined,
    { exit, lastWords }: WorkerAnswer & { readonly type: 'died' },
  ): void {
    const { settings, workers, emit } = this.#options;
    const { reason, failure } = workerDeath({
      exit,
      lastWords,
      killed,
      alone,
      budget: workers.budget,
      jobTimeoutMs: settings.jobTimeoutMs,
    });
    emit({ type: 'evaluation.worker.restarted', reason: `${reason} (while evaluating ${job.name})` });
    if (failure === undefined) this.#alone.push(job);
    else this.#failJob(job, { message: failure, trace: lastWords === '' ? failure : lastWords });
  }

  #failJob({ name, attrPath }: JobRequest, error: EvaluationError, data?: unknown): void {
    this.#results.push({ ok: false, name, attrPath, error, ...(data === undefined ? {} : { data }) });
    this.#options.emit({ type: 'evaluation.job.failed', job: name, error });
  }
}

function plainError(message: string): EvaluationError {
  return { message, trace: message };
}

/** Adds what a derivation that was built on the way printed, when the evaluation failed because of it. */
function withLog(error: EvaluationError, buildLog: readonly string[]): EvaluationError {
  if (buildLog.length === 0 || !/\bbuild/i.test(error.message)) return error;
  return { ...error, trace: [error.trace, '', 'Last lines of the build log:', ...buildLog].join('\n') };
}

/** Outputs of floating content-addressed derivations have placeholders. */
function knownPath(text: string): StorePath | undefined {
  return isStorePath(text) ? text : undefined;
}
