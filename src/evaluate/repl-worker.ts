/**
 * One `nix repl` process that evaluates job after job. An error in a job does not end it, only a stack overflow (on
 * older versions) or a signal does.
 *
 * With `--log-format internal-json` each message on its standard error is one line. Those of our worker function begin
 * with a random nonce: `ready` once, and for each job `result JSON`, `meta JSON` and `end`. What comes in between belongs
 * to the job: `error:` messages say why there is no result, others are warnings and traces. Its standard output
 * repeats the input and is not read.
 */

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { activityResult, activityType } from '../nix/activity.ts';
import { parseInternalJsonLine } from '../nix/internal-json.ts';
import { isStorePath } from '../nix/store-path.ts';
import { stripAnsi } from '../nix/strip-ansi.ts';
import type { ProcessExit } from '../process/running-command.ts';
import { type Argv, type RunningProcess, startProcess } from '../process/start-process.ts';
import { AppError } from '../util/app-error.ts';
import type { JobRequest } from './evaluation.ts';
import { readLines } from './read-lines.ts';
import { jobInput, workerWords } from './worker-input.ts';

const resultSchema = z.union([
  z.object({
    derivation: z.object({
      name: z.string(),
      system: z.string(),
      drvPath: z.string(),
      outputs: z.record(z.string(), z.string()),
      aggregate: z
        .object({
          constituents: z.array(
            z.union([
              z.object({ drvPath: z.string().refine(isStorePath), output: z.string(), path: z.string() }),
              z.object({ name: z.string() }),
            ]),
          ),
          globs: z.boolean(),
        })
        .optional(),
    }),
  }),
  z.object({ attributes: z.array(z.string()) }),
  z.object({ other: z.string() }),
]);
/**
 * A job is interrupted by SIGINT, after which the repl goes on with its next line. Nix notices that only when it wakes
 * up; SIGUSR1, for which it has a handler that does nothing, wakes it.
 */
const nudgeMs = 50;
const maxNudges = 40;

const metaSchema = z.record(z.string(), z.unknown());

/** What is at an attribute path: a derivation, a set to walk into (perhaps with nothing to see), or something else. */
type WorkerResult = z.infer<typeof resultSchema>;

export type WorkerAnswer =
  | {
      readonly type: 'result';
      readonly result: WorkerResult;
      readonly meta: Readonly<Record<string, unknown>>;
      readonly data: unknown;
    }
  /** Errors as Nix printed them, and the last that derivations built on the way printed. */
  | {
      readonly type: 'error';
      readonly text: string;
      readonly buildLog: readonly string[];
      readonly data: unknown;
      /** False when only its opening was evaluated: without that, the job may do. */
      readonly begun: boolean;
    }
  | { readonly type: 'died'; readonly exit: ProcessExit; readonly lastWords: string };

interface Job {
  readonly onMessage: (text: string) => void;
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly errors: string[];
  readonly buildLog: string[];
  begun: boolean;
  /** Runs while it is being interrupted, because it waits for somebody else's build. */
  interruption?: NodeJS.Timeout;
  data?: unknown;
  result?: WorkerResult;
  meta?: Readonly<Record<string, unknown>>;
}

interface WorkerOptions {
  /** `nix repl` and its arguments. */
  readonly argv: Argv;
  /** Gives the input that defines the worker function, for a nonce. */
  readonly setup: (nonce: string) => string;
  /**
   * False: a job that would wait for a build of somebody else ends with that as its error. Nix only looks every five
   * seconds whether such a build is done.
   */
  readonly waits: boolean;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class ReplWorker implements AsyncDisposable {
  readonly #nonce = randomBytes(16).toString('hex');
  readonly #process: RunningProcess;
  readonly #waits: boolean;
  readonly #lastLines: string[] = [];
  #job: Job | undefined;
  #wasInterrupted = false;
  #exit: ProcessExit | undefined;

  /** Throws `evaluation.worker` when the repl does not come up, `process.missing`, `interrupted`. */
  static async start({ argv, setup, waits, env, signal }: WorkerOptions): Promise<ReplWorker> {
    const child = await startProcess(argv, {
      signal,
      // It holds nothing that could be left half-written.
      killAfterMs: 100,
      ...(env === undefined ? {} : { env }),
    });
    const worker = new ReplWorker(child, waits);
    const answer = await worker.#ask(setup(worker.#nonce), () => {});
    if (answer.type === 'result') return worker;
    await worker.kill();
    if (signal?.aborted) throw new AppError('interrupted', 'the evaluation was interrupted');
    const why = answer.type === 'error' ? answer.text : answer.lastWords;
    throw new AppError('evaluation.worker', `${argv.slice(0, 2).join(' ')} did not start: ${why}`);
  }

  private constructor(child: RunningProcess, waits: boolean) {
    this.#process = child;
    this.#waits = waits;
    child.stdout.resume();
    void this.#listen();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Newer versions remember for ever that a value could not be had. */
  get wasInterrupted(): boolean {
    return this.#wasInterrupted;
  }

  get alive(): boolean {
    return this.#exit === undefined;
  }

  /**
   * Evaluates what is at the job's path. One at a time. Messages are warnings and traces, without colours. `opening`: the
   * path of what is evaluated first, if it is there.
   */
  run(
    job: Omit<JobRequest, 'name'>,
    onMessage: (text: string) => void,
    opening?: readonly string[],
  ): Promise<WorkerAnswer> {
    return this.#ask(jobInput(job, this.#nonce, opening), onMessage, opening === undefined);
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #ask(input: string, onMessage: (text: string) => void, begun = true): Promise<WorkerAnswer> {
    return new Promise((resolve) => {
      this.#job = { onMessage, resolve, errors: [], buildLog: [], begun };
      if (this.#exit !== undefined) this.#died(this.#exit);
      else this.#process.stdin.write(input);
    });
  }

  async #listen(): Promise<void> {
    try {
      for await (const line of readLines(this.#process.stderr)) this.#hear(line);
    } catch {
      // The pipe of a killed process can break; its exit says what happened.
    }
    this.#exit = await this.#process.exited;
    this.#died(this.#exit);
  }

  #hear(line: string): void {
    const event = parseInternalJsonLine(line);
    if (event === undefined) {
      // Told by something that knows nothing of the format, such as the handler of stack overflows.
      if (!line.startsWith('@nix ')) keepLast(this.#lastLines, stripAnsi(line));
      return;
    }
    if (event.action === 'result' && event.type === activityResult.buildLogLine) {
      keepLast(this.#job?.buildLog ?? [], stripAnsi(String(event.fields[0])));
      return;
    }
    if (event.action === 'start' && event.type === activityType.buildWaiting) this.#hearWait(event.text);
    if (event.action !== 'msg' || event.level > 1) return;
    const own = `trace: ${this.#nonce} `;
    if (event.msg.startsWith(own)) {
      this.#hearOwn(event.msg.slice(own.length));
      return;
    }
    const text = stripAnsi(event.msg).trimEnd();
    // Workers writing derivations side by side wait for each other, which is nobody's concern.
    if (/^warning: (?:error: )?SQLite database .* is busy/.test(text)) return;
    if (text.startsWith('error:')) this.#job?.errors.push(text);
    else this.#job?.onMessage(text);
  }

  #hearWait(message: string): void {
    const text = stripAnsi(message);
    const job = this.#job;
    if (this.#waits || job === undefined || !text.startsWith('waiting for lock on ')) return;
    job.errors.push(`error: ${text}`);
    // Whoever wants to know waits for the build, and not for another try without the opening.
    job.begun = true;
    if (job.interruption !== undefined) return;
    this.#wasInterrupted = true;
    this.#signal('SIGINT');
    let nudges = 0;
    job.interruption = setInterval(() => {
      nudges += 1;
      // A daemon that waits on its behalf cannot be interrupted.
      if (nudges > maxNudges) void this.kill();
      else this.#signal('SIGUSR1');
    }, nudgeMs);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.alive) process.kill(this.pid, signal);
  }

  #hearOwn(message: string): void {
    const job = this.#job;
    if (job === undefined) return;
    const [word = ''] = message.split(' ', 1);
    const json = message.slice(word.length + 1);
    if (word === workerWords.result) {
      const parsed = resultSchema.safeParse(JSON.parse(json));
      if (parsed.success) job.result = parsed.data;
      // A set can call itself a derivation and have anything for a name.
      else job.errors.push(`error: this is no proper derivation: ${z.prettifyError(parsed.error)}`);
    } else if (word === workerWords.opened) {
      job.begun = true;
    } else if (word === workerWords.data) {
      job.data = JSON.parse(json);
    } else if (word === workerWords.meta) {
      job.meta = metaSchema.safeParse(JSON.parse(json)).data ?? {};
    } else if (word === workerWords.ready && job.errors.length === 0) {
      this.#answer({ type: 'result', result: { other: 'ready' }, meta: {}, data: undefined });
    } else if (job.result === undefined) {
      const text = job.errors.join('\n\n');
      this.#answer({ type: 'error', text, buildLog: job.buildLog, data: job.data, begun: job.begun });
    } else {
      this.#answer({ type: 'result', result: job.result, meta: job.meta ?? {}, data: job.data });
    }
  }

  #died(exit: ProcessExit): void {
    const { errors = [], buildLog = [], interruption, data, begun = true } = this.#job ?? {};
    const lastWords = [...errors, ...this.#lastLines].join('\n');
    if (interruption === undefined) this.#answer({ type: 'died', exit, lastWords });
    else this.#answer({ type: 'error', text: errors.join('\n\n'), buildLog, data, begun });
  }

  #answer(answer: WorkerAnswer): void {
    const job = this.#job;
    this.#job = undefined;
    clearInterval(job?.interruption);
    job?.resolve(answer);
  }
}

function keepLast(lines: string[], line: string): void {
  lines.push(line);
  if (lines.length > 20) lines.shift();
}
