/** An input as it was for one evaluation, as the database keeps it. */

import type { EvaluationInputRecord } from '../../db/records.ts';
import type { ResolvedInput, ResolvedValue } from '../../inputs/input.ts';

export function evaluationInput(input: ResolvedInput): EvaluationInputRecord {
  const { name, type, uri, revision, sha256, dependency, value } = input;
  return {
    name,
    type,
    uri,
    revision,
    sha256,
    dependency,
    value: plainValue(value),
    path: value.kind === 'path' ? value.storePath : null,
  };
}

function plainValue(value: ResolvedValue): string | null {
  switch (value.kind) {
    case 'string':
      return value.value;
    case 'boolean':
      return String(value.value);
    case 'nix':
      return value.expression;
    case 'path':
    case 'builds':
    case 'absent':
      return null;
  }
}
