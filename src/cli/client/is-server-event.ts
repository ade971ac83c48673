/** Knowing our own events: a server of another version may tell some that this one has no words for. */

import { z } from 'zod';
import type { ServerEvent } from '../../events/event.ts';

const types: Readonly<Record<ServerEvent['type'], true>> = {
  'evaluation.started': true,
  'evaluation.job.started': true,
  'evaluation.job.message': true,
  'evaluation.job.done': true,
  'evaluation.job.failed': true,
  'evaluation.worker.restarted': true,
  'evaluation.done': true,
  'build.planned': true,
  'build.done': true,
  'step.started': true,
  'step.phase': true,
  'step.build-phase': true,
  'step.log': true,
  'step.done': true,
  'step.failed': true,
  'copy.started': true,
  'copy.progress': true,
  'copy.done': true,
  'rollout.started': true,
  'rollout.wave': true,
  'rollout.waiting': true,
  'rollout.ended': true,
  'host.started': true,
  'host.phase': true,
  'host.log': true,
  'host.check': true,
  'host.done': true,
  'host.failed': true,
  'host.skipped': true,
  message: true,
  'ci.jobset.changed': true,
  'ci.evaluation.started': true,
  'ci.evaluation.progress': true,
  'ci.evaluation.ended': true,
  'ci.build.queued': true,
  'ci.build.started': true,
  'ci.build.finished': true,
  'ci.step.started': true,
  'ci.step.ended': true,
  'ci.builder.changed': true,
};

const typed = z.looseObject({ type: z.string() });

/** The type tells the shape: the server encodes what `event.ts` declares. */
export function isServerEvent(value: unknown): value is ServerEvent {
  const event = typed.safeParse(value);
  return event.success && Object.hasOwn(types, event.data.type);
}
