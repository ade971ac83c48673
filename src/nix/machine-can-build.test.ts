import { describe, expect, it } from 'vitest';
import { machineCanBuild } from './machine-can-build.ts';

const machine = {
  systems: ['x86_64-linux', 'i686-linux'],
  supportedFeatures: ['kvm', 'big-parallel'],
  mandatoryFeatures: [],
};
const picky = { ...machine, mandatoryFeatures: ['benchmark', 'gccarch-znver4'] };

describe('machineCanBuild', () => {
  it('asks for the system', () => {
    expect(machineCanBuild(machine, 'i686-linux', [])).toBe(true);
    expect(machineCanBuild(machine, 'aarch64-linux', [])).toBe(false);
  });

  it('builds what is built in anywhere', () => {
    expect(machineCanBuild({ ...machine, systems: [] }, 'builtin', [])).toBe(true);
  });

  it('asks for every required feature', () => {
    expect(machineCanBuild(machine, 'x86_64-linux', ['kvm'])).toBe(true);
    expect(machineCanBuild(machine, 'x86_64-linux', ['kvm', 'nixos-test'])).toBe(false);
  });

  it('leaves a machine with mandatory features to builds that require all of them', () => {
    expect(machineCanBuild(picky, 'x86_64-linux', [])).toBe(false);
    expect(machineCanBuild(picky, 'x86_64-linux', ['benchmark'])).toBe(false);
    expect(machineCanBuild(picky, 'x86_64-linux', ['gccarch-znver4', 'benchmark', 'kvm'])).toBe(true);
  });
});
