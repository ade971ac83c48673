import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import type { BuildStep } from './build-step.ts';
import type { Builder } from './builder.ts';
import { canBuild, whyNot } from './can-build.ts';
import { type BuilderLoad, chooseBuilder } from './choose-builder.ts';
import { whyUnsupported } from './why-unsupported.ts';

const builder = (name: string, changes: Partial<Builder> = {}): Builder => ({
  name,
  systems: ['x86_64-linux', 'i686-linux'],
  emulatedSystems: [],
  supportedFeatures: [],
  mandatoryFeatures: [],
  slots: 2,
  speedFactor: 1,
  isLocal: false,
  settings: {},
  open: () => Promise.reject(new Error('not opened in this test')),
  ...changes,
});

const step = (changes: Partial<BuildStep> = {}): BuildStep => ({
  drvPath: parseStorePath(`/nix/store/${'0'.repeat(32)}-hello-1.drv`),
  name: 'hello-1',
  system: 'x86_64-linux',
  requiredFeatures: [],
  prefersLocal: false,
  outputs: new Map(),
  inputs: new Map(),
  floating: false,
  ...changes,
});

const load = (of: Builder, running = 0, avoided = false, drained = false): BuilderLoad => ({
  builder: of,
  running,
  avoided,
  drained,
});
const chosen = (of: BuildStep, ...loads: BuilderLoad[]): string | undefined =>
  chooseBuilder(of, loads)?.builder.name;

describe('canBuild', () => {
  it('wants the system, or builtin', () => {
    expect(canBuild(step(), builder('a'))).toBe(true);
    expect(canBuild(step({ system: 'i686-linux' }), builder('a'))).toBe(true);
    expect(canBuild(step({ system: 'builtin' }), builder('a', { systems: [] }))).toBe(true);
    expect(whyNot(step({ system: 'aarch64-linux' }), builder('a'))).toBe('has x86_64-linux,i686-linux');
  });

  it('wants every required feature among the supported and the mandatory ones', () => {
    const needs = step({ requiredFeatures: ['big-parallel', 'kvm'] });
    expect(canBuild(needs, builder('a', { supportedFeatures: ['kvm', 'big-parallel'] }))).toBe(true);
    expect(
      canBuild(needs, builder('a', { supportedFeatures: ['kvm'], mandatoryFeatures: ['big-parallel'] })),
    ).toBe(true);
    expect(whyNot(needs, builder('a', { supportedFeatures: ['kvm'] }))).toBe(
      'lacks the feature big-parallel',
    );
  });

  it('keeps a builder with a mandatory feature for steps that ask for it', () => {
    const special = builder('a', { mandatoryFeatures: ['gpu'] });
    expect(whyNot(step(), special)).toBe('takes only steps that require gpu');
    expect(canBuild(step({ requiredFeatures: ['gpu'] }), special)).toBe(true);
  });

  it('never uses kvm under emulation', () => {
    const emulating = builder('a', {
      systems: ['x86_64-linux', 'aarch64-linux'],
      emulatedSystems: ['aarch64-linux'],
      supportedFeatures: ['kvm'],
    });
    expect(canBuild(step({ system: 'aarch64-linux' }), emulating)).toBe(true);
    expect(whyNot(step({ system: 'aarch64-linux', requiredFeatures: ['kvm'] }), emulating)).toBe(
      'only emulates aarch64-linux, which cannot use kvm',
    );
    expect(canBuild(step({ requiredFeatures: ['kvm'] }), emulating)).toBe(true);
  });

  it('sends floating derivations only to the local builder, and nothing to one without slots', () => {
    expect(canBuild(step({ floating: true }), builder('a'))).toBe(false);
    expect(canBuild(step({ floating: true }), builder('a', { isLocal: true }))).toBe(true);
    expect(whyNot(step(), builder('a', { slots: 0 }))).toBe('has no slots (max-jobs is 0)');
  });
});

describe('chooseBuilder', () => {
  it('takes the least load for the speed, the step itself counted, and the faster one of two alike', () => {
    expect(chosen(step(), load(builder('a'), 1), load(builder('b')))).toBe('b');
    expect(chosen(step(), load(builder('a')), load(builder('fast', { speedFactor: 4 }), 1))).toBe('fast');
    expect(chosen(step(), load(builder('a')), load(builder('fast', { speedFactor: 2 }), 1))).toBe('fast');
    expect(chosen(step(), load(builder('a')), load(builder('b')))).toBe('a');
  });

  it('waits when all that can are full or avoided', () => {
    expect(chosen(step(), load(builder('a'), 2), load(builder('b'), 0, true))).toBeUndefined();
  });

  it('waits for a native builder rather than emulate, and emulates when none is there', () => {
    const emulating = builder('local', {
      systems: ['x86_64-linux', 'aarch64-linux'],
      emulatedSystems: ['aarch64-linux'],
    });
    const native = builder('arm', { systems: ['aarch64-linux'], slots: 1 });
    const arm = step({ system: 'aarch64-linux' });
    expect(chosen(arm, load(emulating), load(native))).toBe('arm');
    expect(chosen(arm, load(emulating), load(native, 1))).toBeUndefined();
    expect(chosen(arm, load(emulating), load(native, 0, true))).toBe('local');
    expect(chosen(arm, load(emulating))).toBe('local');
  });

  it('keeps local what prefers it, while a slot is free here', () => {
    const local = builder('local', { isLocal: true });
    const fast = builder('fast', { speedFactor: 10 });
    const small = step({ prefersLocal: true });
    expect(chosen(small, load(fast), load(local, 1))).toBe('local');
    expect(chosen(small, load(fast), load(local, 2))).toBe('fast');
    expect(chosen(step(), load(fast), load(local))).toBe('fast');
  });

  it('goes to another builder than those that lost it, while there is one', () => {
    const lost = { ...step(), lostOn: ['a', 'c'] };
    expect(chosen(lost, load(builder('a')), load(builder('b'), 1))).toBe('b');
    expect(chosen(lost, load(builder('a')), load(builder('b'), 2))).toBeUndefined();
    expect(chosen(lost, load(builder('a')), load(builder('b'), 0, false, true))).toBe('a');
    expect(chosen(lost, load(builder('a')), load(builder('b'), 0, true))).toBe('a');
    expect(chosen(lost, load(builder('a'), 1), load(builder('c')))).toBe('c');
  });

  it('passes by what is drained', () => {
    expect(chosen(step(), load(builder('a'), 0, false, true), load(builder('b'), 1))).toBe('b');
  });

  it('never chooses one that is full, avoided, drained or unable', () => {
    const loads = fc.array(
      fc.record({
        builder: fc
          .record({
            name: fc.string(),
            systems: fc.subarray(['x86_64-linux', 'aarch64-linux']),
            supportedFeatures: fc.subarray(['kvm', 'big-parallel']),
            mandatoryFeatures: fc.subarray(['kvm', 'big-parallel']),
            slots: fc.nat(3),
            speedFactor: fc.constantFrom(0.5, 1, 2),
            isLocal: fc.boolean(),
          })
          .map((changes) => builder(changes.name, changes)),
        running: fc.nat(3),
        avoided: fc.boolean(),
        drained: fc.boolean(),
      }),
    );
    const needs = fc.record({
      system: fc.constantFrom('x86_64-linux', 'aarch64-linux', 'builtin'),
      requiredFeatures: fc.subarray(['kvm', 'big-parallel']),
      prefersLocal: fc.boolean(),
    });
    fc.assert(
      fc.property(needs, loads, (changes, all) => {
        const able = all.filter(
          (one) =>
            canBuild(step(changes), one.builder) &&
            !one.avoided &&
            !one.drained &&
            one.running < one.builder.slots,
        );
        const choice = chooseBuilder(step(changes), all);
        expect(choice === undefined ? able.length === 0 : able.includes(choice)).toBe(true);
      }),
    );
  });
});

describe('whyUnsupported', () => {
  it('names the system nobody has, who has what, and what to do', () => {
    const arm = step({ name: 'nixos-system-eiffel', system: 'aarch64-linux' });
    expect(whyUnsupported(arm, [builder('local')])).toBe(
      'nixos-system-eiffel wants aarch64-linux; no builder has it: local has x86_64-linux,i686-linux; ' +
        'register emulation (proteus doctor says how) or name a builder',
    );
  });

  it('names the missing feature where the system is there', () => {
    expect(
      whyUnsupported(step({ requiredFeatures: ['kvm'] }), [
        builder('local'),
        builder('b', { slots: 0, supportedFeatures: ['kvm'] }),
      ]),
    ).toBe(
      'hello-1 wants x86_64-linux with kvm; no builder takes it: local lacks the feature kvm; ' +
        'b has no slots (max-jobs is 0); name a builder that can',
    );
  });

  it('says so when there is no builder', () => {
    expect(whyUnsupported(step({ system: 'builtin' }), [])).toBe(
      'hello-1 wants builtin; there is no builder; name a builder that can',
    );
  });
});
