/** What a server's loop does, in words: the lines of `proteus watch` and of the server's own log. Pure. */

import type { CiEvent } from '../../events/event.ts';
import { printable } from '../../util/printable.ts';
import { describeStatus } from './describe-status.ts';

/** No line for what the live display shows while it lasts, nor for steps, which have events of their own. */
export function describeCiEvent(event: CiEvent): readonly string[] {
  switch (event.type) {
    case 'ci.evaluation.started':
      return [
        `${nameOf(event)}: ${event.phase === 'fetching' ? 'fetching its inputs' : `evaluating${numbered(event.evaluation)}`}`,
      ];
    case 'ci.evaluation.progress':
      return event.ok ? [] : [`${nameOf(event)}: ${event.job} does not evaluate`];
    case 'ci.evaluation.ended':
      return describeEnd(event);
    case 'ci.build.started':
      return [`build ${event.build} (${nameOf(event)}:${event.job}): started`];
    case 'ci.build.finished':
      return [`build ${event.build} (${nameOf(event)}:${event.job}): ${describeStatus(event.status)}`];
    case 'ci.builder.changed':
      return [`builder ${event.builder}: ${event.state}`];
    case 'ci.jobset.changed':
    case 'ci.build.queued':
    case 'ci.step.started':
    case 'ci.step.ended':
      return [];
  }
}

function describeEnd(event: Extract<CiEvent, { type: 'ci.evaluation.ended' }>): readonly string[] {
  const [first = '', ...rest] = (event.message ?? '').trimEnd().split('\n').map(printable);
  const text = {
    done: `evaluation${numbered(event.evaluation)} is done`,
    unchanged: 'nothing has changed since the last evaluation',
    failed: `evaluation${numbered(event.evaluation)} failed`,
    cancelled: `evaluation${numbered(event.evaluation)} was cancelled`,
  }[event.state];
  return [`${nameOf(event)}: ${text}${first === '' ? '' : `: ${first}`}`, ...rest.map((line) => `  ${line}`)];
}

function nameOf(event: { readonly project: string; readonly jobset: string }): string {
  return `${event.project}:${event.jobset}`;
}

function numbered(id: number | null): string {
  return id === null ? '' : ` ${id}`;
}
