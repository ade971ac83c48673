import { expect, it } from 'vitest';
import { renderDiff, type SystemDiff } from './render-diff.ts';

const diff: SystemDiff = {
  name: 'web',
  before: '/nix/store/a-system',
  after: '/nix/store/b-system',
  packages: [
    { name: 'gone', change: 'removed', before: ['1'], after: [] },
    { name: 'hello', change: 'up', before: ['2.10'], after: ['2.12', '3'] },
    { name: 'note', change: 'added', before: [], after: [''] },
  ],
  rebuilt: ['etc', 'units'],
  bytesBefore: 4096,
  bytesAfter: 2048,
  newPaths: 3,
  newBytes: 1024,
  copy: undefined,
  units: { added: [], removed: ['old.timer'], changed: ['a.service', 'b.service'] },
};

it('shows versions, units and sizes', () => {
  expect(renderDiff(diff)).toEqual([
    'web: /nix/store/a-system',
    '   → /nix/store/b-system',
    '  - gone   1',
    '  U hello  2.10 → 2.12, 3',
    '  + note',
    '  2 more with the same versions, built anew',
    '  units changed: a.service b.service',
    '  units removed: old.timer',
    '  closure 2.0 KiB (-2.0 KiB)',
    '  new: 3 paths, 1.0 KiB',
  ]);
});

it('says what a host lacks, where it was asked', () => {
  const lines = renderDiff({
    ...diff,
    packages: [],
    rebuilt: [],
    units: undefined,
    copy: { paths: 1, bytes: 9 },
  });

  expect(lines.slice(2)).toEqual([
    '  no versions change',
    '  closure 2.0 KiB (-2.0 KiB)',
    '  to copy: 1 paths, 9 B',
  ]);
});

it('says that nothing changes', () => {
  expect(renderDiff({ ...diff, after: diff.before })).toEqual(['web: nothing changes: /nix/store/a-system']);
});
