/** The result of an input that is a value, not a path: the part of a ResolvedInput that all of them share. */

import type { InputSpec, ResolvedInput, ResolvedValue } from './input.ts';

export function plainInput(spec: InputSpec, value: ResolvedValue): ResolvedInput {
  const { name, type } = spec;
  return { name, type, value, uri: null, revision: null, sha256: null, dependency: null };
}
