/** Running the one program that a kind of repository needs. */

import { isOnPath } from '../process/start-process.ts';
import { AppError } from '../util/app-error.ts';
import type { InputDeps } from './input.ts';
import { runTool } from './run-tool.ts';

/** Runs it and gives what it printed. Throws `input.fetch` with its last words, `interrupted`. */
export type RunIt = (args: readonly string[], what: string) => Promise<string>;

export function toolRunner(
  program: string,
  { env, signal }: Pick<InputDeps, 'env' | 'signal'>,
  variables: Readonly<Record<string, string>> = {},
): RunIt {
  return async (args, what) => {
    const { ok, stdout, complaint } = await runTool([program, ...args], { env, signal, variables });
    if (!ok) throw new AppError('input.fetch', `${what}: ${complaint}`);
    return stdout.trim();
  };
}

/** For `InputPlugin.unavailable`. */
export function missingTool(program: string, { env }: Pick<InputDeps, 'env'>): string | undefined {
  return isOnPath(program, env.PATH) ? undefined : `${program} is not on PATH`;
}
