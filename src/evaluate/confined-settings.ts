/**
 * What the evaluation of a jobset can see and do, as settings of Nix: read its inputs and nothing else of this machine,
 * fetch from where it may, build nothing. The search path is made of the inputs alone.
 */

import type { ResolvedInput } from '../inputs/input.ts';
import type { EvaluationSettings } from './evaluation.ts';
import type { JobsetEvaluation } from './jobset-evaluation.ts';

/** `includes` are `-I` entries. Flakes are evaluated purely where Nix can do that. */
export function confinedSettings(
  evaluation: JobsetEvaluation,
  includes: readonly string[],
): EvaluationSettings & { readonly nixOptions: Readonly<Record<string, string>> } {
  const { inputs, settings, allowImportFromDerivation, allowedUris = [] } = evaluation;
  const uris = new Set([...allowedUris, ...inputs.flatMap(impliedUris)]);
  return {
    ...settings,
    includes,
    nixOptions: {
      'restrict-eval': 'true',
      'allowed-uris': [...uris].join(' '),
      'nix-path': '',
      'allow-import-from-derivation': String(allowImportFromDerivation),
      // What an import needs is built, or fetched, by the scheduler.
      'max-jobs': '0',
      builders: '',
      substitute: 'false',
    },
  };
}

/**
 * What was fetched as an input may be fetched by the expression too. Newer versions compare what they make of it, where
 * a query can only be allowed as a whole.
 */
function impliedUris({ type, uri, revision }: ResolvedInput): readonly string[] {
  if (uri === null || !/^(?:\/|[a-z][a-z0-9+.-]*:\/\/)\S*$/.test(uri)) return [];
  if (type !== 'git') return [uri];
  const url = uri.startsWith('/') ? `git+file://${uri}` : `git+${uri}`;
  return [
    uri,
    url,
    `${url}?exportIgnore=1`,
    ...(revision === null ? [] : [`${url}?exportIgnore=1&rev=${revision}`]),
  ];
}
