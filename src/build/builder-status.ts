/** A builder as it is now, for people. */

import type { RunningAttempt } from './attempts.ts';
import type { BuilderLink } from './builder-link.ts';
import type { BuilderStatus } from './scheduler.ts';

export function builderStatus(link: BuilderLink, attempts: Iterable<RunningAttempt>): BuilderStatus {
  const { builder } = link;
  return {
    name: builder.name,
    systems: builder.systems,
    emulatedSystems: builder.emulatedSystems,
    supportedFeatures: builder.supportedFeatures,
    mandatoryFeatures: builder.mandatoryFeatures,
    speedFactor: builder.speedFactor,
    slots: builder.slots,
    isLocal: builder.isLocal,
    drained: link.drained,
    avoidedUntil: link.avoided ? link.avoidedUntil : null,
    lastLoss: link.lastLoss ?? null,
    running: [...attempts]
      .filter((attempt) => attempt.link === link)
      .map(({ node, owner, phase, since }) => ({
        drvPath: node.step.drvPath,
        owner: owner ?? null,
        phase,
        since,
      })),
  };
}
