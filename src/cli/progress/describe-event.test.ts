import { describe, expect, it } from 'vitest';
import type { ProteusEvent } from '../../events/event.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { describeEvent } from './describe-event.ts';

const drvPath = parseStorePath('/nix/store/7rw8v9pckcwracg8g6lgjagjpgsvg24l-x.drv');
const toplevel = parseStorePath('/nix/store/7rw8v9pckcwracg8g6lgjagjpgsvg24l-nixos-system-web01');

const cases: readonly (readonly [ProteusEvent, readonly string[]])[] = [
  [{ type: 'evaluation.started', source: 'net.nix', jobs: ['a'] }, ['evaluating net.nix (1 machine)']],
  [{ type: 'evaluation.job.done', job: 'web01', drvPath, durationMs: 1234 }, ['web01: evaluated in 1.2 s']],
  [
    {
      type: 'evaluation.job.failed',
      job: 'web01',
      error: {
        message: "undefined variable 'x'",
        trace: "undefined variable 'x'",
        position: { file: '/n/web.nix', line: 7 },
      },
    },
    ["web01: evaluation failed at /n/web.nix:7: undefined variable 'x'"],
  ],
  [{ type: 'build.planned', toBuild: 2, toSubstitute: 1 }, ['2 derivations to build, 1 path to fetch']],
  [{ type: 'build.planned', toBuild: 0, toSubstitute: 0 }, []],
  [
    {
      type: 'step.started',
      drvPath,
      name: 'x',
      system: 'aarch64-linux',
      builder: 'local',
      emulated: true,
      attempt: 2,
    },
    ['building x on local (aarch64-linux, emulated), attempt 2'],
  ],
  [
    { type: 'step.done', drvPath, name: 'x', builder: 'local', how: 'built', durationMs: 10 },
    ['built x in 10 ms'],
  ],
  [{ type: 'step.done', drvPath, name: 'x', builder: 'local', how: 'already-valid', durationMs: 0 }, []],
  [
    {
      type: 'step.failed',
      drvPath,
      name: 'x',
      builder: 'arm1',
      reason: 'build-failed',
      message: 'builder failed with exit code 1',
      logTail: ['\u001b[31mno such file\u001b[0m'],
      logFile: '/logs/x.1.log',
      willRetry: false,
    },
    [
      'x: failed on arm1: builder failed with exit code 1',
      '  last 1 line of its log:',
      '  | no such file',
      '  whole log: /logs/x.1.log',
    ],
  ],
  [
    {
      type: 'step.failed',
      drvPath,
      name: 'x',
      builder: 'arm1',
      reason: 'builder-lost',
      message: 'connection lost',
      logTail: ['half a log'],
      willRetry: true,
    },
    ['x: lost, will be tried again on arm1: connection lost'],
  ],
  [
    {
      type: 'step.failed',
      drvPath,
      name: 'x',
      builder: '',
      reason: 'unsupported',
      message: 'x wants aarch64-linux; no builder has it',
      logTail: [],
      willRetry: false,
    },
    ['x: failed: x wants aarch64-linux; no builder has it'],
  ],
  [
    {
      type: 'step.failed',
      drvPath,
      name: 'y',
      builder: '',
      reason: 'dependency-failed',
      message: 'it needs x, which failed',
      logTail: [],
      willRetry: false,
    },
    [],
  ],
  [{ type: 'copy.started', to: 'db01', paths: 3, bytes: 2048 }, ['db01: copying 3 paths, 2.0 KiB']],
  [{ type: 'host.started', host: 'web01', toplevel, action: 'switch' }, ['web01: switch nixos-system-web01']],
  [{ type: 'host.log', host: 'web01', line: 'starting\r\u001b[2Knginx' }, ['web01: starting nginx']],
  [{ type: 'host.done', host: 'web01', durationMs: 2000 }, ['Done: web01 (2.0 s)']],
  [
    { type: 'host.failed', host: 'web01', phase: 'activating', message: 'exit code 1' },
    ['web01: failed while activating: exit code 1'],
  ],
  [
    {
      type: 'host.failed',
      host: 'web01',
      phase: 'checking-health',
      message: 'it does not answer',
      rolledBack: true,
    },
    ['web01: rolled back: failed while checking health: it does not answer'],
  ],
  [
    { type: 'rollout.started', rollout: 'r', action: 'switch', waves: [['a'], ['b', 'c']] },
    ['rollout r: 3 hosts in 2 waves'],
  ],
  [{ type: 'rollout.started', rollout: 'r', action: 'switch', waves: [['a']] }, ['rollout r: 1 host']],
  [{ type: 'host.skipped', host: 'iso', reason: 'build only' }, ['iso: skipped: build only']],
  [
    { type: 'message', level: 'warning', text: 'slow disk', hint: 'buy one' },
    ['warning: slow disk', '  what to do: buy one'],
  ],
  [{ type: 'step.log', drvPath, line: 'noise' }, []],
];

describe('describeEvent', () => {
  it.each(cases)('tells %j', (event, lines) => {
    expect(describeEvent(event)).toEqual(lines);
  });
});
