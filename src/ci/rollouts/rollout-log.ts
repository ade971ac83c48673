/** What was printed on the hosts of a rollout and told about them: a file for each host, among the logs of builds. */

import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';

/** `position`: of the host in the plan. No hash part begins with `ro`, so no derivation's log lies there. */
export function rolloutLogFile(rollout: string, position: number): string {
  return `ro/${rollout}.${position}.log`;
}

export interface RolloutLogDeps {
  readonly logDirectory: string;
  readonly logs: { began(file: string): void; ended(file: string): void };
  /** Told once for each file that cannot be written. */
  readonly onFault: (text: string, error: unknown) => void;
  readonly now: () => number;
}

export interface RolloutLog extends AsyncDisposable {
  /** Goes on where an earlier server ended. */
  write(host: string, line: string): void;
}

/** `hosts`: their names, in the order of the plan. */
export async function openRolloutLog(
  rollout: string,
  hosts: readonly string[],
  { logDirectory, logs, onFault, now }: RolloutLogDeps,
): Promise<RolloutLog> {
  const positions = new Map(hosts.map((name, position) => [name, position]));
  const streams = new Map<string, WriteStream>();
  const broken = new Set<string>();

  const open = (file: string): WriteStream => {
    const stream = createWriteStream(join(logDirectory, file), { flags: 'a', mode: 0o640 });
    stream.on('error', (error) => {
      if (!broken.has(file)) onFault(`the log ${file} cannot be written`, error);
      broken.add(file);
    });
    streams.set(file, stream);
    logs.began(file);
    return stream;
  };

  await mkdir(join(logDirectory, dirname(rolloutLogFile(rollout, 0))), { recursive: true });
  return {
    write(host, line) {
      const position = positions.get(host);
      if (position === undefined) return;
      const file = rolloutLogFile(rollout, position);
      if (broken.has(file)) return;
      const time = new Date(now()).toISOString();
      (streams.get(file) ?? open(file)).write(`${time} ${line.replaceAll('\n', ' ')}\n`);
    },
    async [Symbol.asyncDispose]() {
      for (const [file, stream] of streams) {
        stream.end();
        await finished(stream).catch(() => {});
        logs.ended(file);
      }
    },
  };
}
