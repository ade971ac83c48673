/** The last word on a failure: one message, what to do next, and the exit code. */

import type { Writable } from 'node:stream';
import { AppError } from '../util/app-error.ts';

/** Prints the error for people and says the exit code. A bug keeps its stack, for the report. */
export function reportError(error: unknown, stderr: Writable): number {
  if (error instanceof AppError) {
    if (error.code === 'interrupted') return error.exitCode;
    stderr.write(`proteus: error: ${error.message}\n`);
    if (error.hint !== '') stderr.write(`  what to do: ${error.hint}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(`proteus: this is a bug in Proteus, please report it:\n${text}\n`);
  return 1;
}
