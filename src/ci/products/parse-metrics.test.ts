import { describe, expect, it } from 'vitest';
import { parseMetrics } from './parse-metrics.ts';

describe('parseMetrics', () => {
  it('reads name, value and unit', () => {
    expect(parseMetrics('lineCoverage 18 %\nmaxResident 27 KiB\nruns.total -1.5e3\nhalf .5\n')).toEqual([
      { name: 'lineCoverage', value: 18, unit: '%' },
      { name: 'maxResident', value: 27, unit: 'KiB' },
      { name: 'runs.total', value: -1500, unit: null },
      { name: 'half', value: 0.5, unit: null },
    ]);
  });

  it.each([
    '',
    'name',
    'name value',
    'a b 1',
    'name 1 unit more',
    'name 0x10',
    'name Infinity',
    'name 1e999',
  ])('says nothing for %j', (text) => {
    expect(parseMetrics(text)).toEqual([]);
  });
});
