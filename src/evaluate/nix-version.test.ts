import { describe, expect, it } from 'vitest';
import { isOlder, parseNixVersion } from './nix-version.ts';

describe('parseNixVersion', () => {
  it.each([
    ['nix (Nix) 2.8.0\n', { major: 2, minor: 8 }],
    ['nix (Nix) 2.34.8', { major: 2, minor: 34 }],
    ['nix (Nix) 2.29.0pre20250409_deadbee', { major: 2, minor: 29 }],
    ['nix (Lix, like Nix) 2.93.3', { major: 2, minor: 93 }],
  ])('reads %j', (line, version) => {
    expect(parseNixVersion(line)).toEqual(version);
  });

  it('knows no version in anything else', () => {
    expect(parseNixVersion('nix: command not found')).toBeUndefined();
  });
});

describe('isOlder', () => {
  it('compares numbers, not texts', () => {
    expect(isOlder({ major: 2, minor: 8 }, 2, 34)).toBe(true);
    expect(isOlder({ major: 2, minor: 34 }, 2, 34)).toBe(false);
    expect(isOlder({ major: 3, minor: 0 }, 2, 34)).toBe(false);
    expect(isOlder({ major: 1, minor: 99 }, 2, 34)).toBe(true);
  });
});
