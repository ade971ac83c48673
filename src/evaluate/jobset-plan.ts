/** What is to be evaluated for a jobset, and how. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResolvedInput } from '../inputs/input.ts';
import { inputArguments } from '../inputs/input-arguments.ts';
import { networkOpening, networkRoot, toplevelAttrPath } from '../network/network-root.ts';
import { nixString } from '../nix/nix-string.ts';
import { AppError } from '../util/app-error.ts';
import { confinedSettings } from './confined-settings.ts';
import type { EvaluationRequest, EvaluationSettings } from './evaluation.ts';
import { honoursPureEval } from './honours-pure-eval.ts';
import type { JobsetEvaluation, JobsetExpression } from './jobset-evaluation.ts';
import { plainArguments } from './plain-arguments.ts';

export interface JobsetPlan {
  readonly request: EvaluationRequest;
  readonly settings: EvaluationSettings;
  /** What is called by which name in error messages. */
  readonly sources: ReadonlyMap<string, string>;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Throws `input.invalid` when the input that should hold the expression does not. */
export async function planJobset(evaluation: JobsetEvaluation, options: Options): Promise<JobsetPlan> {
  const { includes, args } = inputArguments(evaluation.inputs);
  const sources = new Map<string, string>();
  for (const { name, value } of evaluation.inputs) {
    if (value.kind === 'path' && !sources.has(value.storePath)) sources.set(value.storePath, name);
  }
  const settings = confinedSettings(evaluation, [...includes, ...readable(evaluation.inputs)]);
  const { expression } = evaluation;
  switch (expression.type) {
    case 'legacy': {
      const request = legacyRequest(evaluation, expression);
      const plain = await plainArguments(args, options);
      for (const [name, file] of plain.files) sources.set(file, name);
      const files = Array.from(plain.files, ([name, file]) => `.proteus-${name}=${file}`);
      return {
        request: { ...request, args: plain.args },
        settings: { ...settings, includes: [...(settings.includes ?? []), ...files] },
        sources,
      };
    }
    case 'network':
      return {
        request: networkRequest(evaluation, expression),
        settings: { ...settings, includes: [...(settings.includes ?? []), `.proteus=${ownExpressions}`] },
        sources,
      };
    case 'flake':
      return planFlake(evaluation, expression, options);
  }
}

/** `-I` entries for paths that arguments speak of and that are no inputs themselves, by names that no input can have. */
function readable(inputs: readonly ResolvedInput[]): readonly string[] {
  const paths = inputs.flatMap(({ value }) => {
    if (value.kind === 'builds') return Object.values(value.outputs);
    return value.kind === 'path' && value.drvPath !== undefined ? [value.drvPath] : [];
  });
  return [...new Set(paths)].map((storePath, index) => `.proteus-${index}=${storePath}`);
}

/** Inputs of the jobset are of no account. Evaluated purely where Nix can do that, and restricted where it cannot. */
async function planFlake(
  evaluation: JobsetEvaluation,
  { lockedUrl, sourcePath }: Extract<JobsetExpression, { readonly type: 'flake' }>,
  options: Options,
): Promise<JobsetPlan> {
  const { nixOptions, ...settings } = confinedSettings({ ...evaluation, inputs: [] }, []);
  return {
    request: {
      source: lockedUrl,
      root: flakeRoot(lockedUrl),
      jobs: 'discover',
      forceRecurse: true,
      freshRoot: false,
    },
    settings: {
      ...settings,
      nixOptions: {
        ...nixOptions,
        // Restricted it could not fetch what it has locked.
        ...((await honoursPureEval(options)) ? { 'pure-eval': 'true', 'restrict-eval': 'false' } : {}),
        'extra-experimental-features': 'nix-command flakes',
        'accept-flake-config': 'false',
      },
    },
    sources: new Map(
      [`«${lockedUrl}»`, ...(sourcePath === undefined ? [] : [sourcePath])].map((source) => [source, '']),
    ),
  };
}

function flakeRoot(url: string): string {
  const nothing = `flake ${url} does not provide any Hydra jobs or checks, nor nixosConfigurations`;
  return (
    `let inherit (builtins.getFlake ${nixString(url)}) outputs; in ` +
    `outputs.hydraJobs or outputs.checks or outputs.nixosConfigurations or (throw ${nixString(nothing)})`
  );
}

/** The folder of our own expressions, which a network needs and which is readable therefore. */
const ownExpressions = fileURLToPath(new URL('../../nix', import.meta.url));

function legacyRequest(evaluation: JobsetEvaluation, expression: FileExpression): EvaluationRequest {
  return {
    source: `${expression.input}/${expression.path}`,
    root: `import ${nixString(expressionFile(evaluation, expression))}`,
    jobs: 'discover',
    forceRecurse: true,
    freshRoot: false,
  };
}

function networkRequest(evaluation: JobsetEvaluation, expression: FileExpression): EvaluationRequest {
  return {
    source: `${expression.input}/${expression.path}`,
    // Not what MORPH_NIX_EVAL_MACHINES names: a server evaluates all networks in one way.
    root: networkRoot(expressionFile(evaluation, expression), {}),
    jobs: 'discover',
    within: {
      attrPath: ['nodes'],
      job: (host) => ({
        name: host,
        attrPath: toplevelAttrPath(host),
        also: ['info', 'deploymentOf', host],
      }),
    },
    forceRecurse: true,
    freshRoot: true,
    opening: networkOpening,
  };
}

type FileExpression = Extract<JobsetExpression, { readonly input: string }>;

function expressionFile({ inputs, name }: JobsetEvaluation, { input, path: file }: FileExpression): string {
  const found = inputs.find((candidate) => candidate.name === input);
  if (found?.value.kind !== 'path') {
    const got = found === undefined ? 'has no such input' : `has an input of type ${found.type} by that name`;
    throw new AppError(
      'input.invalid',
      `${name}: the Nix expression should be in the input '${input}', but the jobset ${got}`,
    );
  }
  const folder = found.value.storePath;
  const absolute = path.join(folder, file);
  if (absolute !== folder && !absolute.startsWith(`${folder}/`)) {
    throw new AppError('input.invalid', `${name}: the path '${file}' leads out of the input '${input}'`);
  }
  return absolute;
}
