import { expect, it } from 'vitest';
import type { HostDiff } from '../../deploy/diff/host-diff.ts';
import { renderHostChanges } from './render-host-changes.ts';

const diff = (change: Partial<HostDiff> = {}): HostDiff => ({
  before: '/nix/store/a',
  after: '/nix/store/b',
  closure: {
    packages: [{ name: 'hello', change: 'up', before: ['1'], after: ['2'] }],
    rebuilt: 2,
    bytesBefore: 1024,
    bytesAfter: 2048,
    newPaths: 1,
    newBytes: 512,
  },
  units: { added: [], removed: [], changed: ['web.service'] },
  unknown: [],
  ...change,
});

it('tells all of a host', () => {
  expect(renderHostChanges([{ host: 'web', diff: diff() }])).toEqual([
    '',
    'web:',
    '  U hello  1 → 2',
    '  2 more with the same versions, built anew',
    '  units changed: web.service',
    '  /nix/store/a → /nix/store/b',
    '  closure 1.0 KiB → 2.0 KiB (+1.0 KiB); new: 512 B',
  ]);
});

it('tells of hosts with the same changes once', () => {
  const { closure } = diff();
  if (closure === undefined) throw new Error('there is one');
  const hosts = Array.from({ length: 10 }, (_, index) => ({
    host: `web${index}`,
    diff: diff({ closure: { ...closure, bytesAfter: 2048 + index * 512 } }),
  }));

  expect(renderHostChanges([...hosts, { host: 'db', diff: diff({ after: '/nix/store/a' }) }])).toEqual([
    '',
    'web0, web1, web2, web3, web4, web5, web6, web7 and 2 more:',
    '  U hello  1 → 2',
    '  2 more with the same versions, built anew',
    '  units changed: web.service',
    '  closure 1.0 KiB → 2.0 KiB to 6.5 KiB (+1.0 KiB to +5.5 KiB); new: 512 B',
    '',
    'db: nothing changes',
  ]);
});

it('says what is not known', () => {
  const unknown = ['packages: web:\u001b[2J gone'];

  expect(
    renderHostChanges([
      { host: 'web', diff: diff({ before: undefined, closure: undefined, units: undefined, unknown }) },
      { host: 'db', diff: undefined },
    ]),
  ).toEqual([
    '',
    'web:',
    '  not known → /nix/store/b',
    '  not known: packages: web: gone',
    '',
    'db: nothing is known of what changes',
  ]);
});
