import { expect, it } from 'vitest';
import type { ChangedPackage, PackageChange } from '../../deploy/diff/diff-closures.ts';
import type { HostDiff } from '../../deploy/diff/host-diff.ts';
import { changesInShort } from './changes-in-short.ts';

const one = (change: PackageChange): ChangedPackage => ({ name: 'x', change, before: ['1'], after: ['2'] });
const diff = (change: Partial<HostDiff>): HostDiff => ({ before: 'a', after: 'b', unknown: [], ...change });
const closure = {
  packages: [one('up'), one('added'), one('up'), one('removed'), one('down'), one('changed')],
  rebuilt: 7,
  bytesBefore: 4096,
  bytesAfter: 1024,
  newPaths: 1,
  newBytes: 1,
};
const units = { added: ['a.service'], removed: [], changed: ['b.service'] };

it.each([
  [undefined, ''],
  [diff({ after: 'a' }), 'nothing'],
  [diff({ closure, units }), '2 up, 1 down, 1 other, 1 new, 1 gone; 2 units; -3.0 KiB'],
  [diff({ closure: { ...closure, packages: [], bytesAfter: 5120 } }), 'no versions; +1.0 KiB'],
  [diff({ closure: { ...closure, packages: [], bytesAfter: 4096 } }), 'no versions'],
  [diff({ units: { ...units, added: [] }, unknown: ['packages: gone'] }), '1 unit'],
  [diff({ unknown: ['packages: gone'] }), 'not known'],
])('%j is %s', (given, text) => {
  expect(changesInShort(given)).toBe(text);
});
