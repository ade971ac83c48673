import { describe, expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import type { StoreLog } from '../../store/store.ts';
import { watchBuild } from './watch-build.ts';

const drv = (name: string): StorePath => parseStorePath(`/nix/store/${'1'.repeat(32)}-${name}.drv`);
const system = drv('system');
const part = drv('part');
const activity = (id: string, drvPath: string) =>
  ({
    type: 'activity-started',
    id,
    activity: 105,
    level: 3,
    text: `building '${drvPath}'`,
    fields: [drvPath, '', 1, 1],
    parent: '0',
  }) as const;
const line = (id: string, text: string): StoreLog => ({ type: 'build-log-line', id, line: text });

function watch(...logs: readonly StoreLog[]) {
  const lines: string[] = [];
  const watched = watchBuild((text) => lines.push(text));
  for (const log of logs) watched.onLog(log);
  return { lines, explain: watched.explain };
}

describe('watchBuild', () => {
  it('tells what is built, and whose log lines are', () => {
    const { lines } = watch(
      activity('1', part),
      activity('2', system),
      line('1', 'compiling'),
      line('2', 'linking'),
      { type: 'activity-stopped', id: '1' },
      line('1', 'of nobody any more'),
      { type: 'text', text: 'warning: two\nlines' },
      { type: 'phase', id: '2', phase: 'installPhase' },
    );
    expect(lines).toEqual([
      'building part',
      'building system',
      'part> compiling',
      'system> linking',
      'of nobody any more',
      'warning: two',
      'lines',
    ]);
  });

  it('tells what else is done, but not what is only of interest to those who ask', () => {
    const other = { ...activity('1', 'cache'), activity: 100, text: 'copying path x from y' } as const;
    expect(watch(other, { ...other, level: 5 }, { ...other, text: '' }).lines).toEqual([
      'copying path x from y',
    ]);
  });

  it('blames the derivation that failed first, with the end of its log', () => {
    const many = Array.from({ length: 30 }, (_, index) => line('1', `line ${index}`));
    const { explain } = watch(
      activity('1', part),
      activity('2', system),
      ...many,
      line('2', 'of another'),
      { type: 'activity-stopped', id: '1' },
      {
        type: 'text',
        text: `\u001b[31;1merror:\u001b[0m Cannot build '${part}'.\n       Reason: builder failed with exit code 3.\n       Output paths:\n         x`,
      },
      { type: 'text', text: `error: Cannot build '${system}'.\n       Reason: 1 dependency failed.` },
    );
    expect(explain(system, `Cannot build '${system}'.\nReason: 1 dependency failed.`)).toEqual({
      drvPath: part,
      reason: 'builder failed with exit code 3',
      unsupported: false,
      logTail: many.slice(-10).map((log) => (log.type === 'build-log-line' ? log.line : '')),
    });
  });

  it('takes the words of the result where nothing was said before', () => {
    const said = `builder for '${system}' failed with exit code 2`;
    expect(watch(activity('1', system), line('1', 'x')).explain(system, said)).toEqual({
      drvPath: system,
      reason: said,
      unsupported: false,
      logTail: ['x'],
    });
    expect(watch().explain(system, '').reason).toBe('the daemon did not say why');
  });

  it.each([
    `Cannot build '${part}'.\nReason: required system or feature not available\nRequired system: 'm68k-linux' with features {}`,
    `Cannot build '${part}'.\n       Reason: platform mismatch\n       Required system: 'm68k-linux'\n       Current system: 'x86_64-linux'`,
    `Cannot build '${part}'.\n       Reason: missing system features\n       Required features: {quantum}\n       Available features: {kvm}`,
    `a 'm68k-linux' with features {} is required to build '${part}', but I am a 'x86_64-linux' with features {kvm}`,
  ])('knows that the host is no machine for it: %s', (text) => {
    const { explain } = watch({ type: 'text', text: `error: ${text}` });
    expect(explain(system, '1 dependency failed')).toMatchObject({ drvPath: part, unsupported: true });
  });
});
