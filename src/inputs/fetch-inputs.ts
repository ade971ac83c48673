/** Fetching all inputs of a jobset, side by side. */

import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import type { InputDeps, InputPlugin, InputSpec, ResolvedInput } from './input.ts';
import { inputPlugins } from './input-plugins.ts';

/** Fetches mostly wait for others; more at once would only get in each other's way. */
const sideBySide = 4;

interface FailedInput {
  readonly name: string;
  readonly error: AppError;
}

/**
 * All inputs, in their order. Each is tried to the end, so that one message names all that failed: `input.invalid` when
 * all of those are, else `input.fetch`. Throws `interrupted`, and `db.unreachable`, which says nothing of an input.
 */
export async function fetchInputs(
  specs: readonly InputSpec[],
  deps: InputDeps,
  plugins: readonly InputPlugin[] = inputPlugins,
): Promise<readonly ResolvedInput[]> {
  const results: (ResolvedInput | undefined)[] = [];
  const failed: FailedInput[] = [];
  const waiting = specs.entries();
  const work = async (): Promise<void> => {
    for (const [at, spec] of waiting) {
      if (deps.signal?.aborted) return;
      try {
        results[at] = await fetchInput(spec, deps, plugins);
      } catch (error) {
        failed.push({ name: spec.name, error: asAppError(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
  if (deps.signal?.aborted) {
    throw new AppError(
      'interrupted',
      `interrupted while fetching the inputs of ${deps.project}:${deps.jobset}`,
    );
  }
  const [first] = failed;
  const away = failed.find(({ error }) => error.code === 'db.unreachable');
  if (away !== undefined) throw away.error;
  if (first !== undefined) throw allFailures(first, failed, specs);
  return results.filter((result) => result !== undefined);
}

async function fetchInput(
  spec: InputSpec,
  deps: InputDeps,
  plugins: readonly InputPlugin[],
): Promise<ResolvedInput> {
  const plugin = plugins.find(({ type }) => type === spec.type);
  if (plugin === undefined) {
    const types = plugins.map(({ type }) => type).join(', ');
    throw new AppError(
      'input.invalid',
      `there is no type of inputs called ${JSON.stringify(spec.type)}; valid types: ${types}`,
    );
  }
  const why = await plugin.unavailable?.(deps);
  if (why !== undefined)
    throw new AppError('input.fetch', `inputs of type ${spec.type} cannot be fetched here: ${why}`);
  return plugin.fetch(spec, deps);
}

function allFailures(
  first: FailedInput,
  failed: readonly FailedInput[],
  specs: readonly InputSpec[],
): AppError {
  const order = specs.map(({ name }) => name);
  const lines = failed
    .toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
    .map(({ name, error }) => `input ${name}: ${error.message}`);
  const code = failed.every(({ error }) => error.code === 'input.invalid') ? 'input.invalid' : 'input.fetch';
  return new AppError(code, lines.join('\n'), {
    cause: first.error,
    ...(failed.length === 1 && first.error.code === code ? { hint: first.error.hint } : {}),
  });
}

function asAppError(error: unknown): AppError {
  return error instanceof AppError
    ? error
    : new AppError('input.fetch', errorMessage(error), { cause: error });
}
