import { describe, expect, it } from 'vitest';
import { samplePath } from '../../../test/store/sample-info.ts';
import { normalizeBuildTarget, printBuildTarget } from './build-target.ts';

const path = samplePath(1);

describe('printBuildTarget', () => {
  it('spells paths, all outputs, and some', () => {
    expect(printBuildTarget({ path })).toBe(path);
    expect(printBuildTarget({ drvPath: path, outputs: '*' })).toBe(`${path}!*`);
    expect(printBuildTarget({ drvPath: path, outputs: ['out', 'dev', 'out'] })).toBe(`${path}!dev,out`);
  });
});

describe('normalizeBuildTarget', () => {
  it('makes what daemons of any age say equal to what was asked', () => {
    for (const spelling of [`${path}!dev,out`, `${path}!out,dev`, `${path}^out,dev`]) {
      expect(normalizeBuildTarget(spelling)).toBe(
        printBuildTarget({ drvPath: path, outputs: ['out', 'dev'] }),
      );
    }
    expect(normalizeBuildTarget(`${path}^*`)).toBe(`${path}!*`);
    expect(normalizeBuildTarget(path)).toBe(path);
  });
});
