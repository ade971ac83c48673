/** What a command is given: where it may print, what ends it, and where it tells what it does. */

import type { Readable, Writable } from 'node:stream';
import type { ServerEvent } from '../events/event.ts';

export interface CliContext {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Results only: a script reads it. */
  readonly stdout: Writable;
  /** Everything for people. */
  readonly stderr: Writable;
  readonly stderrIsTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Fires on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** The event stream, shown by the progress display that the flags and the terminal ask for. */
  readonly emit: (event: ServerEvent) => void;
  /** True with --json: stdout carries events, one JSON object a line, and the result is the last of them. */
  readonly json: boolean;
}

/** Prints the result of a command: the bare text, or `{"type":"result",…}` with --json. */
export function printResult(
  context: CliContext,
  text: string,
  data: Readonly<Record<string, unknown>>,
): void {
  context.stdout.write(context.json ? `${JSON.stringify({ type: 'result', ...data })}\n` : `${text}\n`);
}

/** Prints one line for people. */
export function say(context: CliContext, line: string): void {
  context.stderr.write(`${line}\n`);
}
