import { expect, it } from 'vitest';
import type { Emulation } from './emulation.ts';
import { describeLocalBuilder, type NixSettings } from './local-builder.ts';

const settings = (changes: Partial<NixSettings> = {}): NixSettings => ({
  system: 'x86_64-linux',
  extraPlatforms: ['i686-linux', 'x86_64-v2-linux'],
  systemFeatures: ['big-parallel'],
  maxJobs: 4,
  ...changes,
});
const emulation = (system: string, fixBinary = true): Emulation => ({
  system,
  entry: `qemu-${system}`,
  interpreter: '/usr/bin/qemu',
  flags: fixBinary ? 'F' : '',
  fixBinary,
});

it('is what Nix says, its own system first', () => {
  expect(describeLocalBuilder(settings(), [], false)).toEqual({
    name: 'local',
    systems: ['x86_64-linux', 'i686-linux', 'x86_64-v2-linux'],
    emulatedSystems: [],
    supportedFeatures: ['big-parallel'],
    mandatoryFeatures: [],
    slots: 4,
    speedFactor: 1,
    isLocal: true,
    settings: {},
  });
});

it('adds systems that are emulated in the sandbox, and tells the daemon of them', () => {
  const builder = describeLocalBuilder(
    settings(),
    [emulation('aarch64-linux'), emulation('riscv64-linux', false)],
    false,
  );
  expect(builder.systems).toEqual(['x86_64-linux', 'i686-linux', 'x86_64-v2-linux', 'aarch64-linux']);
  expect(builder.emulatedSystems).toEqual(['aarch64-linux']);
  expect(builder.settings).toEqual({ 'extra-platforms': 'i686-linux x86_64-v2-linux aarch64-linux' });
});

it('believes a configuration that already has the emulated system, with or without flag F', () => {
  const builder = describeLocalBuilder(
    settings({ extraPlatforms: ['i686-linux', 'aarch64-linux'] }),
    [emulation('aarch64-linux', false)],
    false,
  );
  expect(builder.systems).toEqual(['x86_64-linux', 'i686-linux', 'aarch64-linux']);
  expect(builder.emulatedSystems).toEqual(['aarch64-linux']);
  expect(builder.settings).toEqual({});
});

it('takes i686 on x86_64 for native, whatever is registered', () => {
  const builder = describeLocalBuilder(
    settings(),
    [emulation('i686-linux'), emulation('x86_64-linux')],
    false,
  );
  expect(builder.emulatedSystems).toEqual([]);
  expect(builder.systems[0]).toBe('x86_64-linux');
});

it('builds one at a time with max-jobs = 0, unless there are other builders', () => {
  expect(describeLocalBuilder(settings({ maxJobs: 0 }), [], false).slots).toBe(1);
  expect(describeLocalBuilder(settings({ maxJobs: 0 }), [], true).slots).toBe(0);
});
