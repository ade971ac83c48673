/**
 * Runs one command on a host by ssh and passes on what it prints, line by line, as it comes.
 *
 * ssh asks nothing, and finds out when the host goes silent in the middle: its firewall rules may just have been
 * replaced. When the deadline passes or the signal fires, ssh is ended here; whether the command over there ends with
 * it is up to that command, which loses its output.
 */

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type SshSettings, type SshTarget, sshArgv } from '../process/ssh.ts';
import { startProcess } from '../process/start-process.ts';
import { AppError } from '../util/app-error.ts';

export interface RemoteRunOptions {
  readonly target: SshTarget;
  readonly ssh: SshSettings;
  /** Both its streams, without line ends. */
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** After the caller's own: ssh takes the first value it is given of each option. */
const sshOptions = [
  '-T',
  '-oBatchMode=yes',
  '-oConnectTimeout=30',
  '-oServerAliveInterval=15',
  '-oServerAliveCountMax=4',
  // A master would stay behind in the background and hold our pipes open.
  '-oControlMaster=no',
];

/**
 * The exit code of the command; 255 is ssh's own, null when ssh was killed by somebody else. Throws
 * `process.timeout`, `interrupted` or `process.missing`.
 */
export async function remoteRun(words: readonly string[], options: RemoteRunOptions): Promise<number | null> {
  const settings = { ...options.ssh, extraArgs: [...(options.ssh.extraArgs ?? []), ...sshOptions] };
  await using child = await startProcess(sshArgv(options.target, settings, words), {
    signal: options.signal,
  });
  child.stdin.end();
  let timedOut = false;
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          void child.kill();
        }, options.timeoutMs);
  const lines = [child.stdout, child.stderr].map((stream) => eachLine(stream, options.onLine));
  const exit = await child.exited;
  clearTimeout(timer);
  await Promise.all(lines);
  if (options.signal?.aborted) throw new AppError('interrupted', `interrupted: ${words.join(' ')}`);
  if (timedOut) {
    throw new AppError(
      'process.timeout',
      `${words.join(' ')} did not end within ${(options.timeoutMs ?? 0) / 1000} s and was cut off; ` +
        `it may still be running on ${options.target.host}`,
    );
  }
  return exit.code;
}

async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', onLine);
  await new Promise<void>((resolve) => lines.once('close', resolve));
}
