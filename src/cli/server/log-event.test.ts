import { expect, it } from 'vitest';
import type { ServerEvent } from '../../events/event.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { logEvent } from './log-event.ts';

const drvPath = parseStorePath('/nix/store/7rw8v9pckcwracg8g6lgjagjpgsvg24l-x.drv');
const jobset = { project: 'fleet', jobset: 'main' };

function logged(event: ServerEvent): readonly string[] {
  const lines: string[] = [];
  const at = (level: string) => (text: unknown) => void lines.push(`${level} ${String(text)}`);
  logEvent(event, { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') });
  return lines;
}

const failed = {
  type: 'step.failed',
  drvPath,
  name: 'x',
  builder: 'arm1',
  reason: 'builder-lost',
  message: 'connection lost',
  logTail: [],
} as const;

it.each<[ServerEvent, readonly string[]]>([
  [{ type: 'message', level: 'warning', text: 'slow', hint: 'wait' }, ['warn slow\n  what to do: wait']],
  [{ type: 'message', level: 'error', text: 'broken' }, ['error broken']],
  [
    { type: 'ci.evaluation.ended', ...jobset, evaluation: 5, state: 'done', message: null },
    ['info fleet:main: evaluation 5 is done'],
  ],
  [{ type: 'ci.build.started', ...jobset, build: 7, job: 'a' }, ['debug build 7 (fleet:main:a): started']],
  [
    { type: 'ci.build.finished', ...jobset, build: 7, job: 'a', status: 1 },
    ['info build 7 (fleet:main:a): failed'],
  ],
  [{ type: 'ci.builder.changed', builder: 'arm1', state: 'lost' }, ['warn builder arm1: lost']],
  [{ ...failed, willRetry: true }, ['warn x: lost, will be tried again on arm1: connection lost']],
  [{ ...failed, willRetry: false }, ['info x: failed on arm1: connection lost']],
  [
    { type: 'step.done', drvPath, name: 'x', builder: 'local', how: 'built', durationMs: 1 },
    ['debug built x in 1 ms'],
  ],
  [{ type: 'step.log', drvPath, line: 'noise' }, []],
])('logs %j', (event, lines) => {
  expect(logged(event)).toEqual(lines);
});
