/** Events as JSON, one object a line, on standard output: the stream as it is, for scripts. */

import type { Writable } from 'node:stream';
import type { Progress } from './progress.ts';

export function jsonProgress(stdout: Writable, stderr: Writable): Progress {
  return {
    emit: (event) => void stdout.write(`${JSON.stringify(event)}\n`),
    stderr,
    close() {},
  };
}
