/** Builders and what they do, as a table. Pure. */

import type { z } from 'zod';
import type { builder } from '../../api/v1/schemas/server.ts';
import { formatDuration } from '../../util/format-duration.ts';
import { renderTable } from './render-table.ts';

type Builder = z.output<typeof builder>;

/** `now`: milliseconds since 1970. */
export function renderBuilders(builders: readonly Builder[], now: number): readonly string[] {
  return renderTable(
    ['builder', 'systems', 'running', 'slots', 'speed', 'features', 'state'],
    builders.map((one) => [
      one.name,
      one.systems.map((system) => (one.emulatedSystems.includes(system) ? `${system}*` : system)).join(' '),
      one.running.length,
      one.slots,
      one.speedFactor,
      [...one.supportedFeatures, ...one.mandatoryFeatures.map((feature) => `${feature}!`)].join(' '),
      stateOf(one, now),
    ]),
    'no builders',
  ).concat(builders.some(({ emulatedSystems }) => emulatedSystems.length > 0) ? ['* emulated'] : []);
}

function stateOf({ drained, avoidedUntil, lastLoss }: Builder, now: number): string {
  if (drained) return 'drained';
  if (avoidedUntil === null || avoidedUntil <= now) return 'ready';
  return `lost, tried again in ${formatDuration(avoidedUntil - now)}${lastLoss === null ? '' : `: ${lastLoss}`}`;
}
