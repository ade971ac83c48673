/** Running the real program from a test, as a user does: `bin/proteus` in a process of its own. */

import path from 'node:path';
import { type ProcessResult, runProcess } from '../../src/process/run-process.ts';
import { type RunningProcess, startProcess } from '../../src/process/start-process.ts';

const program = path.join(import.meta.dirname, '../../bin/proteus');

interface ProteusOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

function environment(options: ProteusOptions): Record<string, string | undefined> {
  return { ...process.env, ...options.env };
}

/** Runs to the end; any exit code is a result. */
export function proteus(args: readonly string[], options: ProteusOptions = {}): Promise<ProcessResult> {
  return runProcess([program, ...args], {
    ...options,
    env: environment(options),
    okCodes: Array.from({ length: 256 }, (_, code) => code),
  });
}

/** Starts it and leaves it running. */
export function startProteus(args: readonly string[], options: ProteusOptions = {}): Promise<RunningProcess> {
  return startProcess([program, ...args], { ...options, env: environment(options) });
}

/** The events that `--json` printed. */
export function parseEvents(stdout: string): readonly Readonly<Record<string, unknown>>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>); // one object per line, by contract
}
