/**
 * Whether a builder takes a step at all, free or not. Nix's rule: its systems include the step's (`builtin` needs
 * none), it has every feature the step requires, and the step requires every feature the builder insists on.
 * Two more of our own: KVM cannot be used by an emulated program, and a builder without slots builds nothing.
 */

import type { BuildStep } from './build-step.ts';
import type { Builder } from './builder.ts';

export interface StepNeeds
  extends Pick<BuildStep, 'system' | 'requiredFeatures' | 'prefersLocal' | 'floating'> {
  /** Names of builders that lost it: it goes to another one when there is one. */
  readonly lostOn?: readonly string[] | undefined;
}

/** Why not, as the end of a sentence that begins with the builder's name; `undefined` when it can. */
export function whyNot(step: StepNeeds, builder: Builder): string | undefined {
  if (!hasSystem(step, builder)) return `has ${builder.systems.join(',')}`;
  const missing = step.requiredFeatures.filter(
    (feature) => !builder.supportedFeatures.includes(feature) && !builder.mandatoryFeatures.includes(feature),
  );
  if (missing.length > 0) return `lacks the feature ${missing.join(',')}`;
  const unasked = builder.mandatoryFeatures.filter((feature) => !step.requiredFeatures.includes(feature));
  if (unasked.length > 0) return `takes only steps that require ${unasked.join(',')}`;
  if (isEmulated(step, builder) && step.requiredFeatures.includes('kvm')) {
    return `only emulates ${step.system}, which cannot use kvm`;
  }
  if (step.floating && !builder.isLocal) return 'is not local, as content-addressed derivations need';
  if (builder.slots < 1) return 'has no slots (max-jobs is 0)';
  return undefined;
}

export function canBuild(step: StepNeeds, builder: Builder): boolean {
  return whyNot(step, builder) === undefined;
}

/** True when the builder would run the step's programs in an emulator. */
export function isEmulated(step: Pick<StepNeeds, 'system'>, builder: Builder): boolean {
  return builder.emulatedSystems.includes(step.system);
}

function hasSystem(step: StepNeeds, builder: Builder): boolean {
  return step.system === 'builtin' || builder.systems.includes(step.system);
}
