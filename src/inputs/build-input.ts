/** A build as an input: its main output, if that is still in the store. What build and sysbuild share. */

import type { StorePath } from '../nix/store-path.ts';
import type { BuildReference, InputDeps, InputSpec, ResolvedInput } from './input.ts';
import { plainInput } from './plain-input.ts';

/** `out`, or the first by name. */
export function mainOutput({
  outputs,
}: BuildReference): { readonly name: string; readonly path: StorePath } | undefined {
  const name = outputs.out === undefined ? Object.keys(outputs).sort()[0] : 'out';
  const path = name === undefined ? undefined : outputs[name];
  return name === undefined || path === undefined ? undefined : { name, path };
}

/** What follows the name in `NAME-VERSION`, as Hydra sees it: the name ends at the first dash before a digit, or the last. */
export function versionOf(name: string): string | undefined {
  return /^(?:[A-Za-z0-9]|-[^0-9])+-([A-Za-z0-9.-]+)$/.exec(name)?.[1];
}

/** Keeps the path; says whether it is valid, after the store has tried to substitute it. */
export async function isThere(path: StorePath, deps: InputDeps): Promise<boolean> {
  await deps.keep(path);
  const valid = await deps.store.queryValidPaths([path], { substitute: true, signal: deps.signal });
  return valid.has(path);
}

/** A build as a path with its version; `extra` says more of it. A job without a build leaves its argument out. */
export function buildInput(
  spec: InputSpec,
  build: BuildReference | undefined,
  output: StorePath | undefined,
  extra: { readonly attributes?: Readonly<Record<string, string>>; readonly drvPath?: StorePath } = {},
): ResolvedInput {
  if (build === undefined || output === undefined) return plainInput(spec, { kind: 'absent' });
  const version = versionOf(build.releaseName ?? build.nixName);
  const { attributes, drvPath } = extra;
  return {
    ...plainInput(spec, {
      kind: 'path',
      storePath: output,
      attributes: { ...(version === undefined ? {} : { version }), ...attributes },
      ...(drvPath === undefined ? {} : { drvPath }),
    }),
    dependency: build.id,
  };
}
