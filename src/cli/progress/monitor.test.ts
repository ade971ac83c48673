import { describe, expect, it } from 'vitest';
import type { ServerEvent } from '../../events/event.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { advance, idle, type Status } from './monitor.ts';
import { renderStatus } from './render-status.ts';

const drvPath = parseStorePath('/nix/store/7rw8v9pckcwracg8g6lgjagjpgsvg24l-x.drv');
const start: ServerEvent = {
  type: 'step.started',
  drvPath,
  name: 'x',
  system: 'x86_64-linux',
  builder: 'arm1',
  emulated: false,
  attempt: 1,
};

function statusAfter(...events: readonly ServerEvent[]): Status {
  return events.reduce((status, event) => advance(status, event, 1000), idle);
}

describe('advance', () => {
  it('counts evaluations and forgets those that ended', () => {
    const status = statusAfter(
      { type: 'evaluation.started', source: 'net.nix', jobs: ['a', 'b'] },
      { type: 'evaluation.job.started', job: 'a' },
      { type: 'evaluation.job.started', job: 'b' },
      { type: 'evaluation.job.done', job: 'a', drvPath, durationMs: 1 },
    );

    expect(status).toMatchObject({ evaluated: 1, evaluationTotal: 2 });
    expect([...status.running.keys()]).toEqual(['eval b']);
  });

  it('shows the last log line of what builds', () => {
    const status = statusAfter(start, { type: 'step.log', drvPath, line: 'compiling' });

    expect(status.running.get(`step ${drvPath}`)).toEqual({
      label: 'building x',
      detail: 'compiling',
      since: 1000,
    });
  });

  it('does not count an attempt that is tried again as a failure', () => {
    const failed = {
      type: 'step.failed',
      drvPath,
      name: 'x',
      builder: 'arm1',
      reason: 'builder-lost',
      message: '',
      logTail: [],
    } as const;

    expect(statusAfter(start, { ...failed, willRetry: true })).toMatchObject({ failed: 0 });
    expect(statusAfter(start, { ...failed, willRetry: false })).toMatchObject({ failed: 1 });
  });

  it('ignores what is said of something that does not run', () => {
    expect(statusAfter({ type: 'step.log', drvPath, line: 'late' })).toEqual(idle);
  });
});

describe('renderStatus', () => {
  it('has nothing to say when nothing runs', () => {
    expect(renderStatus(idle, 0, 80)).toEqual([]);
  });

  it('has a line for each running item and one of totals', () => {
    const status = statusAfter({ type: 'build.planned', toBuild: 3, toSubstitute: 0 }, start);

    expect(renderStatus(status, 4200, 80)).toEqual(['  building x 3.0 s: arm1', '  built 0/3']);
  });

  it('fits the width and keeps control characters out', () => {
    const status = statusAfter(start, {
      type: 'step.log',
      drvPath,
      line: `\u001b[31m${'y'.repeat(200)}\u0007`,
    });
    const [line] = renderStatus(status, 1000, 40);

    expect(line).toHaveLength(39);
    expect(line).not.toMatch(/[\u0000-\u001f]/);
  });

  it('says how many it does not show', () => {
    const events = Array.from(
      { length: 20 },
      (_, index) => ({ type: 'evaluation.job.started', job: `m${index}` }) as const,
    );

    expect(renderStatus(statusAfter(...events), 1000, 80).at(-1)).toBe('  … and 8 more');
  });
});

describe('what a server does', () => {
  const jobset = { project: 'fleet', jobset: 'main' };

  it('is shown by jobset while it is evaluated', () => {
    const status = statusAfter(
      { type: 'ci.evaluation.started', ...jobset, evaluation: null, phase: 'fetching' },
      { type: 'ci.evaluation.started', ...jobset, evaluation: 5, phase: 'evaluating' },
      {
        type: 'ci.evaluation.progress',
        ...jobset,
        evaluation: 5,
        job: 'db01',
        ok: false,
        done: 2,
        failed: 1,
      },
    );

    expect(renderStatus(status, 3000, 80)).toEqual(['  evaluating fleet:main 2.0 s: 2 done, 1 failed, db01']);
  });

  it('counts builds until nothing runs any more', () => {
    const build = { ...jobset, build: 7, job: 'web01' };
    const running = statusAfter({ type: 'ci.build.queued', ...build }, start, {
      type: 'ci.build.finished',
      ...build,
      status: 0,
    });
    const done = advance(running, { ...start, type: 'step.done', how: 'built', durationMs: 1 }, 1000);

    expect(renderStatus(running, 1000, 80)).toEqual(['  building x 0 ms: arm1', '  builds 1/1']);
    expect(renderStatus(done, 1000, 80)).toEqual([]);
  });
});
