/** Which display fits: JSON when asked for, live on a terminal that can move the cursor, plain lines otherwise. */

import type { Writable } from 'node:stream';
import { jsonProgress } from './json.ts';
import { liveProgress } from './live.ts';
import { plainProgress } from './plain.ts';
import type { Progress } from './progress.ts';

interface Terminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function chooseProgress(options: {
  readonly json: boolean;
  readonly stdout: Writable;
  readonly stderr: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Progress {
  if (options.json) return jsonProgress(options.stdout, options.stderr);
  const live = options.stderr.isTTY === true && options.env.TERM !== 'dumb' && !options.env.CI;
  if (live) return liveProgress(options.stderr, () => options.stderr.columns ?? 80);
  return plainProgress(options.stderr);
}
