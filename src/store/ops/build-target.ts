/**
 * Build targets as the protocol spells them: a path, or a derivation, `!` and the outputs wanted: `x.drv!out,dev`,
 * `x.drv!*`. Source: libstore/derived-path.cc (the legacy form, which the wire keeps).
 */

import type { BuildTarget } from '../store.ts';

/** Outputs are sorted, so that equal targets are equal texts. */
export function printBuildTarget(target: BuildTarget): string {
  if ('path' in target) return target.path;
  const outputs = target.outputs === '*' ? '*' : [...new Set(target.outputs)].sort().join(',');
  return `${target.drvPath}!${outputs}`;
}

/** A daemon's spelling of a target, made equal to ours: newer ones may use `^` and any order. */
export function normalizeBuildTarget(text: string): string {
  const [path, outputs] = text.split(/[!^]/, 2);
  return outputs === undefined ? text : `${path}!${outputs.split(',').sort().join(',')}`;
}
