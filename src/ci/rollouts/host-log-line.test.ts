import { expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import { hostLogLine } from './host-log-line.ts';

const toplevel = parseStorePath(`/nix/store/${'1'.repeat(32)}-system`);
const host = 'web';

it.each([
  [{ type: 'host.started', host, toplevel, action: 'switch' }, `-- switch ${toplevel}`],
  [{ type: 'host.phase', host, phase: 'copying' }, '-- copying'],
  [{ type: 'host.log', host, line: 'starting nginx' }, 'starting nginx'],
  [
    { type: 'host.check', host, kind: 'health', description: 'the page', ok: true },
    'health check the page: OK',
  ],
  [
    { type: 'host.check', host, kind: 'pre-deploy', description: 'room', ok: false, reason: 'full' },
    'pre-deploy check room: failed: full',
  ],
  [{ type: 'host.done', host, durationMs: 1 }, '-- done'],
  [{ type: 'host.done', host, durationMs: 1, degraded: 'a unit' }, '-- done, degraded: a unit'],
  [{ type: 'host.failed', host, phase: 'activating', message: 'no' }, '-- failed while activating: no'],
  [
    { type: 'host.failed', host, phase: 'confirming', message: 'no', rolledBack: true },
    '-- rolled back while confirming: no',
  ],
  [{ type: 'host.skipped', host, reason: 'cordoned' }, '-- skipped: cordoned'],
] as const)('of %j', (event, line) => {
  expect(hostLogLine(event)).toBe(line);
});
