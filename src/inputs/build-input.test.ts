import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import { mainOutput, versionOf } from './build-input.ts';

const a = parseStorePath(`/nix/store/${'a'.repeat(32)}-a`);
const b = parseStorePath(`/nix/store/${'b'.repeat(32)}-b`);

describe('versionOf', () => {
  it.each([
    ['hello-2.12.1', '2.12.1'],
    ['a-b-3', '3'],
    ['nixos-system-web-23.05pre1', '23.05pre1'],
    ['hello', undefined],
    // As Hydra has it: a name may end before any dash.
    ['hello-world', 'world'],
    ['python3-3.9-x', '3.9-x'],
    ['1.0', undefined],
  ])('of %s is %s', (name, version) => {
    expect(versionOf(name)).toBe(version);
  });
});

describe('mainOutput', () => {
  const build = { id: 1, job: 'j', system: 's', drvPath: a, nixName: 'n' };

  it('is out, or the first by name', () => {
    expect(mainOutput({ ...build, outputs: { dev: a, out: b } })).toEqual({ name: 'out', path: b });
    expect(mainOutput({ ...build, outputs: { lib: a, bin: b } })).toEqual({ name: 'bin', path: b });
    expect(mainOutput({ ...build, outputs: {} })).toBeUndefined();
  });
});
