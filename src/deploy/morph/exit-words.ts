/** How a program ended, in the words of the language that Morph is written in, which people's scripts look for. */

import type { ProcessExit } from '../../process/running-command.ts';

const signalWords: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGTERM: 'terminated',
  SIGINT: 'interrupt',
  SIGHUP: 'hangup',
  SIGSEGV: 'segmentation fault',
  SIGABRT: 'aborted',
  SIGPIPE: 'broken pipe',
};

/** `exit status 3`, `signal: killed`. */
export function exitWords({ code, signal }: ProcessExit): string {
  return code === null ? `signal: ${signalWords[signal ?? ''] ?? signal}` : `exit status ${code}`;
}
