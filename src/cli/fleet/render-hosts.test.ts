import { expect, it } from 'vitest';
import { renderHosts, type ShownHost } from './render-hosts.ts';

const host = (name: string, change: Partial<ShownHost> = {}): ShownHost => ({
  host: name,
  wave: undefined,
  result: 'deployed',
  stands: 'waits',
  tookMs: undefined,
  diff: undefined,
  message: '',
  ...change,
});
const plain = (lines: readonly string[]) => lines.map((line) => line.replace(/ {2,}/g, ' | '));

it('has the columns that there is something for', () => {
  expect(plain(renderHosts([host('web')]))).toEqual(['host | result', 'web | deployed']);
  const diff = { before: 'a', after: 'a', unknown: [] };
  const full = [
    host('web', { wave: 1, tookMs: 1500, diff }),
    host('db', { wave: 2, result: 'rolled-back', message: 'db: exit\n  code 1' }),
    host('x', { wave: 2, result: undefined }),
  ];

  expect(plain(renderHosts(full))).toEqual([
    'host | wave | result | took | changes',
    'web | 1 | deployed | 1.5 s | nothing',
    'db | 2 | rolled back | - | - | exit code 1',
    'x | 2 | waits | - | -',
    '',
    '1 deployed, 1 rolled back, 1 waits',
  ]);
});

it('shows those of many last that need somebody, and counts them', () => {
  const many = Array.from({ length: 100 }, (_, index) => host(`web${index}`));
  many[3] = host('web3', { result: 'failed' });
  many[5] = host('web5', { result: 'skipped' });
  many[7] = host('web7', { result: undefined, stands: 'begun: copy' });
  many[9] = host('web9', { result: 'degraded' });
  const lines = plain(renderHosts(many));

  expect(lines[1]).toBe('web0 | deployed');
  expect(lines.slice(-6)).toEqual([
    'web7 | begun: copy',
    'web5 | skipped',
    'web9 | degraded',
    'web3 | failed',
    '',
    '96 deployed, 1 begun: copy, 1 skipped, 1 degraded, 1 failed',
  ]);
});
