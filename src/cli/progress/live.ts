/**
 * The display for a terminal: lines that stay scroll by above a block that is redrawn with what runs right now. The
 * block is taken away before anything else is printed, and for good when the display closes.
 */

import { Writable } from 'node:stream';
import type { ServerEvent } from '../../events/event.ts';
import { describeEvent } from './describe-event.ts';
import { advance, idle, type Status } from './monitor.ts';
import type { Progress } from './progress.ts';
import { isBusy, renderStatus } from './render-status.ts';

const redrawMs = 100;
/** What the block shows while it lasts. */
const inBlock = new Set<ServerEvent['type']>(['step.started', 'ci.evaluation.started', 'ci.build.started']);

export function liveProgress(
  terminal: Writable,
  columns: () => number,
  now: () => number = Date.now,
): Progress {
  let status: Status = idle;
  let drawn = 0;
  let closed = false;

  const erase = (): string => {
    const text = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[0J`;
    drawn = 0;
    return text;
  };
  const draw = (): string => {
    if (closed) return '';
    const lines = renderStatus(status, now(), columns());
    drawn = lines.length;
    return lines.map((line) => `${line}\n`).join('');
  };
  const timer = setInterval(() => {
    if (drawn > 0 || isBusy(status)) terminal.write(erase() + draw());
  }, redrawMs);
  timer.unref();

  return {
    emit(event) {
      status = advance(status, event, now());
      // What has begun is in the block already; a line that stays would only say it twice.
      const lines = inBlock.has(event.type) || isFolded(event, status) ? [] : describeEvent(event);
      if (lines.length > 0) terminal.write(erase() + lines.map((line) => `${line}\n`).join('') + draw());
    },
    stderr: new Writable({
      write(chunk: Buffer, _encoding, done) {
        terminal.write(Buffer.concat([Buffer.from(erase()), chunk, Buffer.from(draw())]), () => done());
      },
    }),
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      terminal.write(erase());
    },
  };
}

/**
 * What hosts of a larger rollout say is the last of their line in the block; those that fail say it again at the end. What
 * would be done is what a dry run is for, so that stays.
 */
function isFolded(event: ServerEvent, { rollout }: Status): boolean {
  if (rollout === undefined || rollout.hosts < 2 || rollout.action === 'dry-activate') return false;
  const { type } = event;
  return (
    type === 'host.log' ||
    type === 'host.started' ||
    type === 'copy.started' ||
    type === 'copy.done' ||
    (type === 'host.check' && event.ok)
  );
}
