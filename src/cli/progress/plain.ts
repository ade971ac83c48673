/** Events as plain lines, for logs and pipes: each line names the machine or derivation it is about. */

import type { Writable } from 'node:stream';
import { describeEvent } from './describe-event.ts';
import type { Progress } from './progress.ts';

export function plainProgress(stderr: Writable): Progress {
  return {
    emit(event) {
      for (const line of describeEvent(event)) stderr.write(`${line}\n`);
    },
    stderr,
    close() {},
  };
}
