/**
 * Which builder takes a step now. Pure. The rule, after Nix's build hook and Hydra's dispatcher:
 *
 * - only builders that can (`can-build.ts`), are not avoided after a loss, and have a free slot;
 * - a step that a builder has lost goes to another one, when there is one that is not avoided or drained;
 * - a step waits for a builder of its own system rather than be emulated, as emulation is about ten times slower; it
 *   is emulated when no native builder is there;
 * - a step that prefers to be local is, when the local builder is free and native;
 * - then the least load for its speed, as it would be with this step on it; then the faster one; then the first.
 */

import type { Builder } from './builder.ts';
import { canBuild, isEmulated, type StepNeeds } from './can-build.ts';

/** A builder as it is now. */
export interface BuilderLoad {
  readonly builder: Builder;
  /** Steps it works on. */
  readonly running: number;
  /** True for a while after it was lost. */
  readonly avoided: boolean;
  /** True while somebody wants it to take no more steps. */
  readonly drained: boolean;
}

/** The builder, or `undefined` when the step has to wait. */
export function chooseBuilder<T extends BuilderLoad>(step: StepNeeds, loads: readonly T[]): T | undefined {
  const all = loads.filter(
    ({ builder, avoided, drained }) => !avoided && !drained && canBuild(step, builder),
  );
  const others = all.filter(({ builder }) => !step.lostOn?.includes(builder.name));
  const able = others.length > 0 ? others : all;
  const native = able.filter(({ builder }) => !isEmulated(step, builder));
  const free = (native.length > 0 ? native : able).filter(({ builder, running }) => running < builder.slots);
  const local = step.prefersLocal ? free.find(({ builder }) => builder.isLocal) : undefined;
  return local ?? free.toSorted(byLoad)[0];
}

function byLoad(a: BuilderLoad, b: BuilderLoad): number {
  const load = (of: BuilderLoad): number => (of.running + 1) / of.builder.speedFactor;
  return load(a) - load(b) || b.builder.speedFactor - a.builder.speedFactor;
}
