/**
 * Reading what a network file says about its hosts, without building any. One Nix process evaluates all of them; only
 * when it fails are they tried apart, in ever smaller groups, so that one broken host costs a few evaluations and
 * never hides the others.
 */

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { EvaluationError } from '../events/event.ts';
import { nixStringList } from '../nix/nix-string.ts';
import { runProcess } from '../process/run-process.ts';
import { AppError } from '../util/app-error.ts';
import type { HostMetadata, NetworkMetadata } from './network.ts';
import { instantiateArgv } from './network-root.ts';
import { networkSchema } from './network-schema.ts';
import { describeEvaluationError, parseEvaluationError } from './parse-evaluation-error.ts';

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly showTrace?: boolean | undefined;
  /** Nix settings, as `--option`. */
  readonly nixOptions?: Readonly<Record<string, string>> | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface BrokenHost {
  readonly name: string;
  readonly error: EvaluationError;
}

export interface LoadedNetwork extends NetworkMetadata {
  /** Hosts of which not even the metadata evaluates; they are not among `hosts`. */
  readonly brokenHosts: readonly BrokenHost[];
}

type Evaluated =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: EvaluationError };

/** How many Nix processes look for broken hosts side by side. */
const searchers = 2;

/**
 * The metadata of all hosts. Throws `network.invalid` when the file is missing or holds no network, and
 * `network.evaluation` when nothing of it evaluates.
 */
export async function loadNetwork(file: string, options: LoadOptions = {}): Promise<LoadedNetwork> {
  await wantFile(file);
  const all = await evaluate(file, 'info.deployment', [], options);
  if (all.ok) return { ...parse(file, all.value), brokenHosts: [] };
  if (/a Morph network must be an attribute set/.test(all.error.message)) {
    throw new AppError('network.invalid', all.error.message);
  }
  const names = await evaluate(file, 'info.hostNames', [], options);
  const meta = await evaluate(file, 'info.deploymentFor', ['--arg', 'hostNames', '[ ]'], options);
  if (!names.ok || !meta.ok) throw failed(file, all.error);
  const { hosts, brokenHosts } = await evaluateApart(file, z.array(z.string()).parse(names.value), options);
  const [first] = brokenHosts;
  if (hosts.length === 0 && first !== undefined) throw failed(file, first.error, first.name);
  return { ...parse(file, meta.value), hosts, brokenHosts };
}

/** Halves groups that fail until each failure is that of one host. */
async function evaluateApart(
  file: string,
  names: readonly string[],
  options: LoadOptions,
): Promise<Pick<LoadedNetwork, 'hosts' | 'brokenHosts'>> {
  const hosts = new Map<string, HostMetadata>();
  const errors = new Map<string, EvaluationError>();
  let groups = halves(names);
  while (groups.length > 0) {
    const smaller: (readonly string[])[] = [];
    const rest = groups.values();
    const search = async (): Promise<void> => {
      for (const group of rest) {
        const argument = ['--arg', 'hostNames', nixStringList(group)];
        const result = await evaluate(file, 'info.deploymentFor', argument, options);
        const [only] = group;
        if (result.ok) for (const host of parse(file, result.value).hosts) hosts.set(host.name, host);
        else if (group.length > 1) smaller.push(...halves(group));
        else if (only !== undefined) errors.set(only, result.error);
      }
    };
    await Promise.all(Array.from({ length: searchers }, search));
    groups = smaller;
  }
  return {
    hosts: names.flatMap((name) => hosts.get(name) ?? []),
    brokenHosts: names.flatMap((name) => {
      const error = errors.get(name);
      return error === undefined ? [] : [{ name, error }];
    }),
  };
}

function halves<T>(list: readonly T[]): (readonly T[])[] {
  if (list.length < 2) return [list];
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)];
}

async function evaluate(
  file: string,
  attribute: string,
  args: readonly string[],
  { signal, showTrace, nixOptions = {}, env }: LoadOptions,
): Promise<Evaluated> {
  const settings = Object.entries(nixOptions).flatMap(([name, value]) => ['--option', name, value]);
  const argv = instantiateArgv(file, attribute, ['--json', '--show-trace', ...args, ...settings], env);
  const { stdout, stderr, code } = await runProcess(argv, {
    signal,
    okCodes: [0, 1],
    ...(env === undefined ? {} : { env }),
  });
  if (code !== 0) return { ok: false, error: parseEvaluationError(stderr, { wholeTrace: showTrace }) };
  // A wrapper in MORPH_NIX_EVAL_CMD may print anything.
  try {
    return { ok: true, value: JSON.parse(stdout) };
  } catch (cause) {
    throw new AppError(
      'network.evaluation',
      `${argv[0]} printed no JSON for ${file}: ${stdout.slice(0, 200)}`,
      {
        cause,
      },
    );
  }
}

function parse(file: string, value: unknown): NetworkMetadata {
  const parsed = networkSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError(
    'network.evaluation',
    `what Nix says about the hosts of ${file} is not what was expected: ${z.prettifyError(parsed.error)}`,
  );
}

function failed(file: string, error: EvaluationError, host?: string): AppError {
  const where = host === undefined ? file : `host ${host} of ${file}`;
  return new AppError(
    'network.evaluation',
    `${where} does not evaluate: ${describeEvaluationError(error)}\n\n${error.trace}`,
  );
}

async function wantFile(file: string): Promise<void> {
  const problem = await stat(path.resolve(file)).then(
    (info) => (info.isDirectory() ? 'is a directory, not a network file' : undefined),
    (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' || error.code === 'ENOTDIR'
        ? 'does not exist'
        : `cannot be read: ${error.message}`,
  );
  if (problem !== undefined) throw new AppError('network.invalid', `'${file}' ${problem}`);
}
