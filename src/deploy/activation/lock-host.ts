/**
 * Keeps a host for one rollout: a session on it that holds the lock and gives signs of life for as long as we live. When
 * we die the session ends, and with it the lock, unless a supervisor of the rollout still works there. When the session
 * breaks, another takes its place; another rollout that has come between is told by the next step.
 *
 * The signs of life are also what a confirmed activation waits for until it is kept.
 */

import { AppError } from '../../util/app-error.ts';
import { pause } from '../../util/pause.ts';
import type { StepOptions } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import { noDeadlineMs } from './follow-activation.ts';
import { hostVerb } from './host-verb.ts';

export interface LockRequest {
  readonly rollout: string;
  /** Between signs of life. */
  readonly beatMs: number;
}

/** Gives the host free when it is disposed of. */
export type HostLock = AsyncDisposable;

const silenceMs = 20_000;
const betweenTriesMs = 2000;
const goodbyeMs = 5000;

/** Throws `deploy.locked` when another rollout has the host. */
export async function lockHost(
  session: HostSession,
  { rollout, beatMs }: LockRequest,
  options: StepOptions,
): Promise<HostLock> {
  /** Ends the input of the holder, which then gives the lock free. */
  const leaving = new AbortController();
  /** Ends the session. */
  const broken = new AbortController();

  const hold = async (fresh: boolean, onHeld: () => void): Promise<void> => {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), silenceMs + beatMs);
    try {
      await hostVerb(session, 'hold', rollout, [], {
        signal: AbortSignal.any([broken.signal, silence.signal]),
        timeoutMs: noDeadlineMs,
        fresh,
        stdin: beats(leaving.signal, beatMs),
        onAnswer: (line) => {
          clearTimeout(timer);
          timer = setTimeout(() => silence.abort(), silenceMs + beatMs);
          if (line === 'held') onHeld();
        },
      });
    } finally {
      clearTimeout(timer);
    }
  };
  const holdOn = async (first: Promise<void>): Promise<void> => {
    let last: unknown = await first.catch((error: unknown) => error);
    while (!leaving.signal.aborted && !(last instanceof AppError && last.code === 'deploy.locked')) {
      await pause(betweenTriesMs, leaving.signal).catch(() => {});
      if (leaving.signal.aborted) return;
      // A login of its own: the shared one may hang, with much on its way.
      last = await hold(true, () => {}).catch((error: unknown) => error);
    }
  };
  const end = async (): Promise<void> => {
    leaving.abort();
    const timer = setTimeout(() => broken.abort(), goodbyeMs);
    await holding;
    clearTimeout(timer);
  };

  let first = Promise.resolve();
  const held = new Promise<void>((resolve, reject) => {
    const onAbort = (): void => broken.abort();
    options.signal.addEventListener('abort', onAbort, { once: true });
    if (options.signal.aborted) onAbort();
    first = hold(false, resolve);
    void first.then(
      () =>
        reject(new AppError('deploy.connection-lost', `${session.host.name}: its lock was let go at once`)),
      reject,
    );
    const done = (): void => options.signal.removeEventListener('abort', onAbort);
    void first.catch(() => {}).then(done);
  });
  let holding = first.catch(() => {});
  try {
    await held;
  } catch (error) {
    await end();
    throw error;
  }
  holding = holdOn(first);
  return { [Symbol.asyncDispose]: end };
}

async function* beats(stop: AbortSignal, everyMs: number): AsyncGenerator<Uint8Array> {
  for (;;) {
    await pause(everyMs, stop).catch(() => {});
    if (stop.aborted) return;
    yield Buffer.from('\n');
  }
}
