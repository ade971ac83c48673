/** What happens on a server, in its log: how things end on the level `info`, all else on `debug`. */

import type { ServerEvent } from '../../events/event.ts';
import type { Logger } from '../../log/create-logger.ts';
import { describeEvent } from '../progress/describe-event.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

export function logEvent(event: ServerEvent, log: Pick<Logger, Level>): void {
  const lines = describeEvent(event);
  if (lines.length === 0) return;
  const level = levelOf(event);
  // The level says already what the line of a message begins with.
  const text = event.type === 'message' ? [event.text, ...lines.slice(1)] : lines;
  log[level](text.join('\n'));
}

function levelOf(event: ServerEvent): Level {
  if (event.type === 'message') return event.level === 'warning' ? 'warn' : event.level;
  if (event.type === 'step.failed') return event.willRetry ? 'warn' : 'info';
  if (event.type === 'ci.builder.changed') return event.state === 'lost' ? 'warn' : 'info';
  return event.type.startsWith('ci.') && event.type !== 'ci.build.started' ? 'info' : 'debug';
}
