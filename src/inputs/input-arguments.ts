/**
 * What an evaluation gets of its inputs: `-I` entries and arguments, in Hydra's form (hydra.md §2.3) but with every
 * value escaped. A path becomes a set: outPath, inputType, uri, rev, revCount, gitTag, shortRev, version, outputName and
 * drvPath, each only where it is known; its store path carries its context, so that what uses it depends on it.
 */

import { nixString } from '../nix/nix-string.ts';
import type { StorePath } from '../nix/store-path.ts';
import type { ResolvedInput } from './input.ts';

export interface InputArguments {
  /** `NAME=PATH`, sorted by name. */
  readonly includes: readonly string[];
  /** Nix expressions by name, in the order of the names. */
  readonly args: Readonly<Record<string, string>>;
}

/** In the order in which Hydra writes them. */
const attributeOrder = ['uri', 'rev', 'revCount', 'gitTag', 'shortRev', 'version', 'outputName'];

export function inputArguments(inputs: readonly ResolvedInput[]): InputArguments {
  const includes: string[] = [];
  const args: [string, string][] = [];
  for (const input of inputs.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (input.value.kind === 'path') includes.push(`${input.name}=${input.value.storePath}`);
    const expression = argument(input);
    if (expression !== undefined) args.push([input.name, expression]);
  }
  return { includes, args: Object.fromEntries(args) };
}

function argument({ type, value }: ResolvedInput): string | undefined {
  switch (value.kind) {
    case 'string':
      return nixString(value.value);
    case 'boolean':
      return String(value.value);
    case 'nix':
      return value.expression;
    case 'path': {
      const known = attributeOrder.flatMap((name): [string, string][] => {
        const attribute = value.attributes[name];
        if (attribute === undefined) return [];
        return [[name, typeof attribute === 'number' ? String(attribute) : nixString(attribute)]];
      });
      return set([
        ['outPath', storePath(value.storePath)],
        ['inputType', nixString(type)],
        ...known,
        ...(value.drvPath === undefined ? [] : [['drvPath', storePath(value.drvPath)] as const]),
      ]);
    }
    case 'builds':
      return nested(Object.entries(value.outputs).map(([job, path]) => [job.split('.'), path]));
    case 'absent':
      return undefined;
  }
}

/**
 * Jobs as a set of sets, by the dots in their names. Where a job is also the beginning of another's name (`a` and
 * `a.b`, which Hydra's form cannot say), it becomes the set's outPath.
 */
function nested(jobs: readonly (readonly [readonly string[], StorePath])[]): string {
  const members = new Map<string, (readonly [readonly string[], StorePath])[]>();
  for (const [[first, ...rest], path] of jobs) {
    if (first === undefined) continue;
    members.set(first, [...(members.get(first) ?? []), [rest, path]]);
  }
  const own = jobs.find(([name]) => name.length === 0);
  return set([
    ...(own === undefined ? [] : [['outPath', storePath(own[1])] as const]),
    ...Array.from(members, ([name, below]): [string, string] => {
      const [only, another] = below;
      const leaf = only !== undefined && another === undefined && only[0].length === 0;
      return [nixString(name), leaf ? storePath(only[1]) : nested(below)];
    }),
  ]);
}

/** A store path can hold characters that a path literal cannot, hence the string. */
function storePath(path: StorePath): string {
  return `builtins.storePath ${nixString(path)}`;
}

function set(members: readonly (readonly [string, string])[]): string {
  return `{ ${members.map(([name, value]) => `${name} = ${value}; `).join('')}}`;
}
