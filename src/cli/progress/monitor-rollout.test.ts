import { describe, expect, it } from 'vitest';
import type { ProteusEvent, ServerEvent } from '../../events/event.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { advance, idle, type Status } from './monitor.ts';
import { renderStatus } from './render-status.ts';

const toplevel = parseStorePath('/nix/store/7rw8v9pckcwracg8g6lgjagjpgsvg24l-nixos-system');
const rollout = 'r';
const names = Array.from({ length: 100 }, (_, index) => `host${index + 1}`);
const begun: ProteusEvent = {
  type: 'rollout.started',
  rollout,
  action: 'switch',
  waves: [names.slice(0, 1), names.slice(1)],
};
const start = (host: string): ProteusEvent => ({ type: 'host.started', host, toplevel, action: 'switch' });

function after(...events: readonly ServerEvent[]): Status {
  return events.reduce((status, event) => advance(status, event, 1000), idle);
}
const shown = (...events: readonly ServerEvent[]) => renderStatus(after(...events), 3000, 100);

describe('a rollout to a hundred hosts', () => {
  it('shows those that are worked on, and counts the others', () => {
    const lines = shown(
      begun,
      { type: 'rollout.wave', rollout, wave: 2, of: 2 },
      ...names
        .slice(0, 90)
        .flatMap((host): ProteusEvent[] => [start(host), { type: 'host.done', host, durationMs: 1 }]),
      start('host91'),
      { type: 'host.failed', host: 'host91', phase: 'activating', message: 'm', rolledBack: true },
      start('host92'),
      { type: 'host.failed', host: 'host92', phase: 'copying', message: 'm' },
      start('host93'),
      { type: 'host.done', host: 'host93', durationMs: 1, degraded: 'some units failed' },
      { type: 'host.skipped', host: 'host94', reason: 'cordoned' },
      start('host95'),
      { type: 'host.phase', host: 'host95', phase: 'checking-health' },
      start('host96'),
      { type: 'host.phase', host: 'host96', phase: 'activating' },
      { type: 'host.log', host: 'host96', line: 'starting nginx' },
    );

    expect(lines).toEqual([
      '  switch on host95 2.0 s: checking health',
      '  switch on host96 2.0 s: activating: starting nginx',
      '  hosts 94/100: 90 deployed, 1 degraded, 1 rolled back, 1 failed, 1 skipped  wave 2/2',
    ]);
  });

  it('forgets with every phase what was said in the one before', () => {
    expect(
      shown(
        begun,
        start('host1'),
        { type: 'host.phase', host: 'host1', phase: 'activating' },
        { type: 'host.log', host: 'host1', line: 'starting nginx' },
        { type: 'host.phase', host: 'host1', phase: 'confirming' },
      ),
    ).toContain('  switch on host1 2.0 s: confirming');
  });

  it('shows what is copied on the line of its host', () => {
    expect(
      shown(
        begun,
        start('host1'),
        { type: 'host.phase', host: 'host1', phase: 'copying' },
        { type: 'copy.started', to: 'host1', paths: 9, bytes: 4096 },
        { type: 'copy.progress', to: 'host1', paths: 3, bytes: 2048 },
      ),
    ).toEqual(['  switch on host1 2.0 s: copying: 3 paths, 2.0 KiB', '  hosts 0/100  wave 1/2']);
  });

  it('says what it waits for, also when nothing runs', () => {
    const waiting: ProteusEvent = {
      type: 'rollout.waiting',
      rollout,
      state: 'soaking',
      reason: 'soaking a while',
    };

    expect(shown(begun, waiting)).toEqual(['  hosts 0/100  wave 1/2  soaking a while']);
    expect(
      shown(begun, waiting, { type: 'rollout.waiting', rollout, state: 'going-on', reason: 'going on' }),
    ).toEqual([]);
  });

  it('does not count a host as over that is tried again', () => {
    const lines = shown(begun, { type: 'host.skipped', host: 'host1', reason: 'later' }, start('host1'));

    expect(lines.at(-1)).toBe('  hosts 0/100  wave 1/2');
  });

  it('is over with its last event', () => {
    const end: ProteusEvent = { type: 'rollout.ended', rollout, result: 'succeeded', durationMs: 1 };

    expect(after(begun, end).rollout).toBeUndefined();
  });
});
