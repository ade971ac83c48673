/** Whether the foreign Nix code of a request parses, so that it can be typed to a repl. */

import type { EvaluationError } from '../events/event.ts';
import { parseEvaluationError } from '../network/parse-evaluation-error.ts';
import { runProcess } from '../process/run-process.ts';
import type { EvaluationRequest } from './evaluation.ts';
import { requestExpression } from './worker-input.ts';

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What Nix says against the root and the arguments; undefined when they parse. */
export async function findSyntaxError(
  request: EvaluationRequest,
  { signal, env }: Options,
): Promise<EvaluationError | undefined> {
  // Not as an argument, which may have 128 KiB at most.
  const { code, stderr } = await runProcess(['nix-instantiate', '--parse', '-'], {
    input: `{ ${requestExpression(request)} }`,
    signal,
    okCodes: [0, 1],
    ...(env === undefined ? {} : { env }),
  });
  // Anything else that is wrong (no store, a bad setting) the workers tell better.
  return code !== 0 && stderr.includes('«stdin»') ? parseEvaluationError(stderr) : undefined;
}
