/** The sentence for a step that none of the builders can ever take. */

import type { BuildStep } from './build-step.ts';
import type { Builder } from './builder.ts';
import { whyNot } from './can-build.ts';

export function whyUnsupported(step: BuildStep, builders: readonly Builder[]): string {
  const features = step.requiredFeatures.length > 0 ? ` with ${step.requiredFeatures.join(',')}` : '';
  const reasons = builders.map((builder) => `${builder.name} ${whyNot(step, builder) ?? 'could'}`);
  const nobodyHasSystem =
    step.system !== 'builtin' && !builders.some((builder) => builder.systems.includes(step.system));
  const what = nobodyHasSystem
    ? 'no builder has it'
    : builders.length === 0
      ? 'there is no builder'
      : 'no builder takes it';
  const remedy = nobodyHasSystem
    ? 'register emulation (proteus doctor says how) or name a builder'
    : 'name a builder that can';
  const detail = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
  return `${step.name} wants ${step.system}${features}; ${what}${detail}; ${remedy}`;
}
