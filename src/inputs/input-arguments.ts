/** How inputs are handed to Nix: `-I` entries and arguments for functions. */

import { nixString } from '../network/nix-string.ts';
import type { ResolvedInput, ResolvedValue } from './input.ts';

export interface InputArguments {
  /** `-I` entries, sorted by name. */
  readonly includes: readonly string[];
  /** Nix expressions by name. */
  readonly args: Readonly<Record<string, string>>;
}

export function inputArguments(inputs: readonly ResolvedInput[]): InputArguments {
  const sorted = inputs.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    includes: sorted.flatMap(({ name, value }) => (value.kind === 'path' ? [`${name}=${value.storePath}`] : [])),
    args: Object.fromEntries(
      sorted.flatMap(({ name, value }) => {
        const expression = expressionOf(value);
        return expression === undefined ? [] : [[name, expression]];
      }),
    ),
  };
}

function expressionOf(value: ResolvedValue): string | undefined {
  switch (value.kind) {
    case 'string':
      return nixString(value.value);
    case 'boolean':
      return String(value.value);
    case 'nix':
      return value.expression;
    case 'path': {
      const attributes = Object.entries(value.attributes).map(
        ([name, of]) => `${name} = ${typeof of === 'number' ? of : nixString(of)};`,
      );
      const drvPath = value.drvPath === undefined ? '' : `drvPath = builtins.storePath ${value.drvPath};`;
      return `{ outPath = builtins.storePath ${value.storePath}; ${attributes.join(' ')} ${drvPath} }`;
    }
    case 'builds': {
      const members = Object.entries(value.outputs).map(([job, path]) => `${job} = builtins.storePath ${path};`);
      return `{ ${members.join(' ')} }`;
    }
    case 'absent':
      return undefined;
  }
}
