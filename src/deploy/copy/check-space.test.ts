import { describe, expect, it } from 'vitest';
import { checkSpace, neededBytes } from './check-space.ts';

const mebibyte = 1024 * 1024;

describe('checkSpace', () => {
  it('wants room for what is missing, and some beside it', () => {
    const missing = { bytes: 100 * mebibyte, paths: 10 };
    const needed = neededBytes(missing.bytes, missing.paths);
    expect(needed).toBeGreaterThan(160 * mebibyte);
    checkSpace('web01', missing, needed);
    expect(() => checkSpace('web01', missing, needed - 1)).toThrow(
      'web01 lacks 10 paths of 100 MiB together, which need 169 MiB free in /nix/store; it has 169 MiB',
    );
    expect(() => checkSpace('web01', missing, 0)).toThrow(
      expect.objectContaining({ code: 'deploy.no-space' }),
    );
  });

  it('asks nothing of a host that lacks nothing', () => {
    expect(() => checkSpace('web01', { bytes: 0, paths: 0 }, 0)).not.toThrow();
  });
});
