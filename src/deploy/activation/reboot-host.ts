/**
 * Reboots a host and waits until it has come back, which its boot id says. Its supervisor is told to leave first: a
 * host that shuts down must not go back meanwhile. What it remembers of before outlives the reboot.
 *
 * Asked again after a reboot that this rollout has made already, it does not make another.
 */

import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { pause } from '../../util/pause.ts';
import type { StepOptions } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import { hostVerb } from './host-verb.ts';
import { isLost } from './persist.ts';

export interface RebootRequest {
  readonly rollout: string;
  /** Seconds; 0: no limit. */
  readonly rebootTimeout: number;
}

const askTimeoutMs = 20_000;
const betweenTriesMs = 1000;
/** How soon after it was asked a host must be gone or changed. */
const orderTimeoutMs = 30_000;
const bootIdFile = '/proc/sys/kernel/random/boot_id';
const bootIdForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws `deploy.reboot-failed`, and what running on a host throws. */
export async function rebootHost(
  session: HostSession,
  { rollout, rebootTimeout }: RebootRequest,
  options: StepOptions,
): Promise<void> {
  const { name } = session.host;
  const { signal, onLine } = options;
  const { state } = await hostVerb(session, 'leave', rollout, [], { signal });
  const before = await askBootId(session, signal);
  if (state.boot !== undefined && state.boot !== before) {
    onLine('it has been rebooted since its activation already');
    return;
  }
  onLine('rebooting');
  await order(session, options);
  const until = rebootTimeout > 0 ? performance.now() + rebootTimeout * 1000 : Number.POSITIVE_INFINITY;
  let last = 'it runs on';
  for (;;) {
    await pause(betweenTriesMs, signal);
    await session.reset();
    try {
      if ((await askBootId(session, signal)) !== before) break;
      last = 'it runs on, and was not rebooted';
    } catch (error) {
      if (!isLost(error)) throw error;
      last = errorMessage(error);
    }
    if (performance.now() > until) {
      throw new AppError(
        'deploy.reboot-failed',
        `${name}: it has not come back within ${rebootTimeout} s of being told to reboot: ${last}`,
      );
    }
  }
  await session.refresh({ signal });
  onLine('it is back');
}

/** The connection breaks where a host is quick; that is no failure. */
async function order(session: HostSession, { signal, onLine }: StepOptions): Promise<void> {
  const script = 'if [ -d /run/systemd/system ]; then systemctl reboot; else reboot; fi';
  try {
    const code = await session.run(['sh', '-c', `'${script}'`], {
      signal,
      onLine,
      asRoot: true,
      timeoutMs: orderTimeoutMs,
    });
    if (code === 0) return;
    throw new AppError('deploy.reboot-failed', `${session.host.name}: reboot ended with exit code ${code}`);
  } catch (error) {
    if (!isLost(error)) throw error;
  }
}

async function askBootId(session: HostSession, signal: AbortSignal): Promise<string> {
  const lines: string[] = [];
  await session.run(['cat', bootIdFile], {
    signal,
    timeoutMs: askTimeoutMs,
    onLine: (line) => {
      if (lines.length < 100) lines.push(line);
    },
  });
  const id = lines.find((line) => bootIdForm.test(line));
  if (id !== undefined) return id;
  throw new AppError(
    'deploy.host-answer',
    `${session.host.name}: ${bootIdFile} has no boot id: ${JSON.stringify(lines.join('\n').slice(0, 200))}`,
  );
}
