import { describe, expect, it } from 'vitest';
import type { ProteusEvent } from '../../events/event.ts';
import { collectTails } from './collect-tails.ts';
import { describeResults, exitCodeOfResult } from './describe-results.ts';

describe('describeResults', () => {
  it('shows the last lines of what failed, then every host, then the sum', () => {
    const lines = describeResults(
      {
        result: 'failed',
        outcomes: [
          { host: 'db', result: 'deployed' },
          { host: 'web', result: 'rolled-back', message: 'it does\nnot answer' },
          { host: 'mail', result: 'failed', message: 'no room' },
          { host: 'x', result: 'skipped', reason: 'not touched' },
        ],
      },
      new Map([
        ['db', ['fine']],
        ['web', ['starting nginx', 'nginx\u001b[31m is ill']],
      ]),
    );

    expect(lines).toEqual([
      '',
      'last lines of web:',
      '  | starting nginx',
      '  | nginx is ill',
      '',
      'host  result',
      'db    deployed',
      'web   rolled back  it does not answer',
      'mail  failed       no room',
      'x     skipped      not touched',
      '',
      'failed: 1 deployed, 1 rolled back, 1 failed, 1 skipped',
    ]);
  });

  it('says an exit code that is not better than the worst host', () => {
    expect((['succeeded', 'degraded', 'failed', 'aborted'] as const).map(exitCodeOfResult)).toEqual([
      0, 4, 1, 1,
    ]);
  });
});

describe('collectTails', () => {
  it('keeps the last lines of each host and why its checks failed, and tells everything on', () => {
    const told: ProteusEvent[] = [];
    const tails = collectTails((event) => told.push(event), 2);
    const events: readonly ProteusEvent[] = [
      { type: 'host.log', host: 'web', line: 'one' },
      { type: 'host.log', host: 'web', line: 'two' },
      { type: 'host.log', host: 'db', line: 'other' },
      { type: 'host.check', host: 'web', kind: 'health', description: 'up', ok: true },
      { type: 'host.check', host: 'web', kind: 'health', description: 'up', ok: false, reason: 'refused' },
    ];
    for (const event of events) tails.emit(event);

    expect(Object.fromEntries(tails.lines)).toEqual({
      web: ['two', 'up: Failed (refused)'],
      db: ['other'],
    });
    expect(told).toEqual(events);
  });
});
